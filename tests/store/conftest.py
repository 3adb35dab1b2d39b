"""A real store, cut into one or four partitions, and the stores upon it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.events import EventStore
from app.store.indexes import IndexReader
from app.store.occurrences import OccurrenceStore
from app.store.scripts import Scripts
from app.store.sweep import EventSweep
from app.store.work import WorkStore
from tests.support.invariants import listed_twice


@dataclass
class Stores:
    client: StoreClient
    events: EventStore
    occurrences: OccurrenceStore
    work: WorkStore
    lists: IndexReader
    sweep: EventSweep
    coordination: Coordination
    partitions: int


def open_stores(url: str, partitions: int) -> Stores:
    client = connect(url)
    scripts = Scripts(client)
    return Stores(
        client,
        EventStore(client, scripts, partitions),
        OccurrenceStore(client),
        WorkStore(client, scripts, partitions),
        IndexReader(client, scripts, partitions),
        EventSweep(client),
        Coordination(client),
        partitions,
    )


@pytest.fixture(params=[1, 4], ids=["1-partition", "4-partitions"])
def stores(request: pytest.FixtureRequest, store_url: str) -> Iterator[Stores]:
    opened = open_stores(store_url, request.param)
    yield opened
    problems = listed_twice(opened.client, opened.partitions)
    opened.client.close()
    assert problems == []
