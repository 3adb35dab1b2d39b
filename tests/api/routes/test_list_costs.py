"""A page of any list takes a bounded number of steps, whatever filters stand beside each other.

Every combination that the API takes is asked for, in a store with some events and in one with many.
What is counted is what the store does and what is looked at, so nothing depends on how fast the
machine is. How long it takes with 1,000,000 events is what ``benchmarks.lists`` measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.http.context import attach_services
from app.domain import ids
from app.domain.times import to_rfc3339
from app.services import audit, event_lists
from app.services.metadata_index import MetadataIndexing
from app.store import index_reads, indexes, keys
from app.store.walks import Walker
from app.wiring.services import Services
from benchmarks import list_filters, list_store
from tests.api.application import MASTER_TOKEN, with_token

FEW, MANY = 300, 1_700
LIMITS = {"CHUNK": 30, "_LEAST": 8, "LOOK_LIMIT": 60, "TOTAL_LIMIT": 30, "COUNTED_AT_ONCE": 50}
"""The limits, cut down as the stores are."""

FLAT = 1.5


class Steps(NamedTuple):
    """What a page took: commands of the store, those in scripts too; what walks have spent."""

    commands: int
    spent: int


@pytest.fixture
def walkers(monkeypatch: pytest.MonkeyPatch) -> list[Walker]:
    """Every walk that is begun."""
    found: list[Walker] = []

    class Kept(Walker):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            found.append(self)

    monkeypatch.setattr(indexes, "Walker", Kept)
    return found


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LIMITS.items():
        monkeypatch.setattr(indexes, name, value)
    monkeypatch.setattr(index_reads, "LEAST_OF_EACH", 8)
    monkeypatch.setattr(event_lists, "FEW", 30)
    monkeypatch.setattr(event_lists, "CHUNK", 30)
    monkeypatch.setattr(audit, "MAX_LOOKED_AT", 100)
    monkeypatch.setattr(audit, "PAGE", 50)


@pytest.fixture
def indexing(start_services: Callable[..., Services]) -> Services:
    """Services that list events by their metadata."""
    services = start_services(indexed_metadata=list_store.DECLARED)
    services.storage.agreement.agree()
    MetadataIndexing(services.storage.terms, services.processes.own, list).go_on(5)
    return services


def pages(services: Services, client: FlaskClient, walkers: list[Walker]) -> Iterator[Steps]:
    """What the first page of each list took."""
    store = services.storage.client
    (middle,) = store.zrange(keys.events(0, "active").decode(), 50, 50)
    for one in list_filters.lists(to_rfc3339(ids.created_ms(middle)), ids.to_text(middle)):
        for query in one.queries(1, 1):
            walkers.clear()
            store.config_resetstat()
            answer = client.get(f"{one.path}?{query}&limit=10")
            assert answer.status_code == 200, (query, answer.text)
            stats: dict[str, Any] = store.info("commandstats")
            yield Steps(
                sum(each["calls"] for each in stats.values()), sum(one.spent for one in walkers)
            )


@pytest.mark.usefixtures("small_limits")
def test_every_combination_takes_a_bounded_number_of_steps(
    indexing: Services, shared_app: Flask, walkers: list[Walker]
) -> None:
    """With six times as many events the costliest page costs what it did."""
    attach_services(shared_app, indexing)
    client = with_token(shared_app, MASTER_TOKEN)
    filler = list_store.Filler(indexing.storage.client)
    most: list[Steps] = []
    for count in (FEW, MANY):
        filler.fill(count)
        list_store.audit(indexing.audit, count // 4)
        found = list(pages(indexing, client, walkers))
        assert len(found) > 400
        most.append(Steps(*map(max, zip(*found, strict=True))))
    few, many = most
    assert many.commands <= FLAT * few.commands
    assert many.spent <= FLAT * few.spent


def test_every_filter_of_the_api_is_in_the_combinations() -> None:
    for one in list_filters.lists("2026-01-01T00:00:00Z", "x"):
        one.check()
