"""Declared members of the metadata: what is listed by them, since when, and for whom."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.event import EventStatus
from app.services.metadata_index import MetadataIndexing
from app.services.queries import EventChanges, EventQuery
from app.store import keys
from app.store.migrations import events_by_host
from app.wiring.services import Services, build_services
from tests.support.clock import NOW_MS
from tests.support.invariants import broken

HOUR_MS = 3_600_000


class Host:
    """A host that declares some members, on the store of others."""

    def __init__(self, services: Services, declared: Sequence[str]) -> None:
        settings = replace(services.settings, indexed_metadata=tuple(declared))
        self.services = build_services(settings, services.storage.doubles)
        self.facts = self.services.processes.own

    def create(self, metadata: Any, **given: Any) -> bytes:
        defaults = {
            "name": "an event",
            "start_time": NOW_MS + HOUR_MS,
            "action": webhook("https://example.com/hook"),
            "metadata": json.dumps(metadata),
        }
        return self.services.events.create(EventChanges({**defaults, **given}), MASTER).id

    def update(self, event_id: bytes, metadata: Any) -> None:
        changes = EventChanges({"metadata": json.dumps(metadata)})
        self.services.events.update(ids.to_text(event_id), changes, MASTER, None)

    def found(self, *members: tuple[str, str]) -> tuple[list[bytes], tuple[str, ...]]:
        """What a list has, and the filters that no index knows."""
        page = self.services.events.list(EventQuery(metadata=members, sort="created_at"), MASTER)
        assert (page.total, page.is_total_exact) == (len(page.items), True)
        return sorted(one.id for one in page.items), page.unindexed

    def index(self, *others: Host, limit_s: float = 60) -> int:
        """Go on with the listing of events of before, while others are alive."""
        alive = [self.facts, *(one.facts for one in others)]
        terms = self.services.storage.terms
        return MetadataIndexing(terms, self.facts, lambda: alive).go_on(limit_s)

    def problems(self) -> list[str]:
        return broken(self.services.storage.client, self.services.settings.partitions)


@pytest.fixture
def host(services: Services) -> Iterator[Callable[..., Host]]:
    made: list[Host] = []

    def make(*declared: str) -> Host:
        made.append(Host(services, declared))
        return made[-1]

    yield make
    for one in made:
        one.services.storage.client.close()


def test_what_is_declared_is_found_by_an_index_and_what_is_not_is_looked_at(
    host: Callable[..., Host],
) -> None:
    """A value is a text, or a number, true, false or null as it was written."""
    one = host("customer", "vip")
    assert one.index() == 0
    values: list[Any] = [7, "7", 7.5, True, None, {"n": 7}, "x" * 300]
    made = [one.create({"customer": value, "region": "eu"}) for value in values]
    other = one.create({"vip": "7"})
    texts = {"7": made[:2], "7.5": made[2:3], "true": made[3:4], "null": made[4:5],
             "x" * 300: made[6:], "8": [], "": []}  # fmt: skip
    for text, expected in texts.items():
        assert one.found(("customer", text)) == (expected, ())
    assert one.found(("vip", "7")) == ([other], ())
    assert one.found(("customer", "7"), ("region", "eu")) == (made[:2], ("metadata.region",))
    assert one.found(("customer", "7"), ("vip", "7")) == ([], ())
    assert one.problems() == []


def test_an_event_is_listed_by_what_it_has_now(host: Callable[..., Host]) -> None:
    """Changed or deleted by whomever: also by a host that declares nothing, or something else."""
    one, other = host("customer"), host()
    one.index()
    first, second, third = (one.create({"customer": 7}) for _ in range(3))
    one.update(first, {"customer": 8})
    other.update(second, {"customer": 8})
    other.services.events.delete(ids.to_text(third), MASTER, None)
    assert one.found(("customer", "7")) == ([], ("metadata.customer",))
    assert one.problems() == []
    one.index()
    assert one.found(("customer", "8")) == ([first, second], ())
    assert one.problems() == []


def test_what_is_declared_later_lists_what_was_there_before(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on after it was stopped; until it is done the answer says what is looked at."""
    monkeypatch.setattr(events_by_host, "BATCH", 1)
    before = host()
    statuses = itertools.cycle(EventStatus)
    made = [before.create({"customer": n % 2}, status=next(statuses)) for n in range(12)]
    one = host("customer")
    assert one.found(("customer", "1")) == (made[1::2], ("metadata.customer",))
    assert one.index(limit_s=0) == 0
    steps = 0
    while one.found(("customer", "1"))[1]:
        terms = one.services.storage.terms
        terms.step(terms.place())
        steps += 1
        made.append(one.create({"customer": 0}))
        one.update(made[0], {"customer": 1 + steps % 2})
        assert steps < 100
    assert steps >= 3
    assert set(one.found(("customer", "0"))[0]) == {*made[2:12:2], *made[12:]}
    assert one.index() == 0
    assert one.problems() == []


def test_nothing_begins_before_all_agree_and_what_one_does_not_declare_is_not_relied_on(
    host: Callable[..., Host],
) -> None:
    """What a host without the setting writes would be missing; once it is gone, all is listed."""
    one, other = host("customer"), host()
    made = [other.create({"customer": 7})]
    assert one.index(other) == 0
    assert one.found(("customer", "7")) == (sorted(made), ("metadata.customer",))
    assert one.index() == 1
    assert one.found(("customer", "7")) == (sorted(made), ())
    late = host()
    made.append(late.create({"customer": 7}))
    assert one.found(("customer", "7")) == (sorted(made), ("metadata.customer",))
    assert one.index(late) == 0
    assert one.index() == 2
    assert one.found(("customer", "7")) == (sorted(made), ())


def test_what_is_declared_no_more_leaves_nothing_behind(host: Callable[..., Host]) -> None:
    one = host("customer", "order")
    one.index()
    event_id = one.create({"customer": 7, "order": 1})
    client = one.services.storage.client
    assert len(client.hget(keys.event_of(event_id), "tm") or b"") == 12  # type: ignore[arg-type]
    less = host("order")
    assert less.index() == 1
    assert less.found(("order", "1")) == ([event_id], ())
    assert len(client.hget(keys.event_of(event_id), "tm") or b"") == 6  # type: ignore[arg-type]
    none = host()
    assert (none.index(), none.index()) == (1, 0)
    assert client.hget(keys.event_of(event_id), "tm") is None  # type: ignore[arg-type]
    assert none.problems() == []
