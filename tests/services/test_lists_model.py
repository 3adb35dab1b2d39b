"""Every list against a plain model, in stores where events come, change, are delivered and go.

Tests ``app.store.event_looks``, too. The model reads every event and occurrence by its id and filters, sorts and cuts in memory. Limits
are so small here that most lists come in parts that are short, or empty, and lead on.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER, Access
from app.domain.action import webhook
from app.domain.event import Event, EventStatus
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.tag_expressions import read_expression
from app.errors import QhronosError
from app.services import event_lists
from app.services.queries import EventChanges, EventQuery, OccurrenceQuery, Page, TagFilter
from app.store import indexes
from app.store.calls import Record
from app.store.terms import hosts_of
from app.wiring.services import Services
from tests.support.clock import NOW_MS
from tests.support.invariants import broken

Create = Callable[..., Event]
TAGS = ("a", "b", "c", "d")
NAMES = ("run", "running", "walk", 'wa"lk')
HOSTS = ("one.example", "two.example", "one.example:8443")
TENANTS = (MASTER, Access("t", "read", frozenset({"a", "d"})), Access("n", "read", frozenset()))
EXPRESSIONS = ("a AND NOT b", "NOT a", "(a OR b) AND NOT c", "a OR NOT d", "NOT (a AND b)")
STEPS, ASKED = 60, 40


class World:
    """A store, and all ids that were ever made in it."""

    def __init__(self, services: Services, create: Create, chosen: random.Random) -> None:
        self.services = services
        self.create = create
        self.chosen = chosen
        self.events: list[bytes] = []
        self.occurrences: set[bytes] = set()
        self.requests = itertools.count(1)

    def change(self) -> None:
        """Do one thing."""
        act = self.chosen.choice([self.make, self.make, self.edit, self.retag, self.delete,
                                  self.deliver, self.send_elsewhere])  # fmt: skip
        with contextlib.suppress(QhronosError):  # it was deleted before
            act()
        for event_id in self.events:
            for at in range(-2, 3):
                self.occurrences.add(ids.occurrence_id(event_id, NOW_MS + at * 1000))

    def make(self) -> None:
        event = self.create(
            name=self.chosen.choice(NAMES),
            start_time=NOW_MS + self.chosen.randrange(-2, 3) * 1000,
            tags=self.some_tags(),
            status=self.chosen.choice([EventStatus.ACTIVE, *EventStatus]),
            metadata=f'{{"customer":{self.chosen.randrange(3)}}}',
            action=webhook(f"https://{self.chosen.choice(HOSTS)}/hook"),
        )
        self.events.append(event.id)

    def edit(self) -> None:
        self.update(name=self.chosen.choice(NAMES), status=self.chosen.choice(list(EventStatus)))

    def send_elsewhere(self) -> None:
        self.update(action=webhook(f"https://{self.chosen.choice(HOSTS)}/other"))

    def retag(self) -> None:
        self.update(tags=self.some_tags())

    def update(self, **given: Any) -> None:
        if self.events:
            text = ids.to_text(self.chosen.choice(self.events))
            self.services.events.update(text, EventChanges(given), MASTER, None)

    def delete(self) -> None:
        if self.events:
            self.services.events.delete(ids.to_text(self.chosen.choice(self.events)), MASTER, None)

    def deliver(self) -> None:
        work = self.services.storage.work
        for partition in range(self.services.settings.partitions):
            claims = work.claim(
                partition, b"w", next(self.requests), now_ms=NOW_MS, limit=2, lease_ms=9
            )
            records = [
                Record(one.occurrence_id, one.token, verdict, 200, b"", None, None, b"[1]\n")
                for one in claims
                for verdict in [self.chosen.choice(["completed", "failed"])]
            ]
            if records:
                work.record(records, NOW_MS)

    def some_tags(self) -> tuple[str, ...]:
        return tuple(self.chosen.sample(TAGS, self.chosen.randrange(4)))

    def tag_filter(self) -> TagFilter:
        return self.chosen.choice(
            [
                TagFilter(),
                TagFilter((self.chosen.choice(TAGS),)),
                TagFilter(tuple(self.chosen.sample(TAGS, 2))),
                TagFilter(tuple(self.chosen.sample(TAGS, 2)), match_all=True),
                TagFilter(expression=read_expression(self.chosen.choice(EXPRESSIONS), str)),
            ]
        )

    def maybe(self, value: Any) -> Any:
        return self.chosen.choice([None, None, value])

    def statuses(self, of: Sequence[str]) -> str | None:
        return self.maybe(",".join(self.chosen.sample(list(of), self.chosen.choice([1, 2]))))


def all_parts(ask: Callable[[str | None], Page[Any]]) -> tuple[list[Any], list[Page[Any]]]:
    """Follow a list to its end."""
    pages = [ask(None)]
    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(ask(cursor))
        assert len(pages) < 1_000
    return [one for page in pages for one in page.items], pages


def judge_totals(pages: Sequence[Page[Any]], count: int) -> None:
    for page in pages:
        assert page.total == count if page.is_total_exact else page.total <= count


def check_events(world: World) -> None:
    chosen, services = world.chosen, world.services
    access = chosen.choice(TENANTS)
    query = EventQuery(
        tags=world.tag_filter(),
        status=world.statuses([one.value for one in EventStatus]),
        name=world.maybe(chosen.choice(NAMES)),
        target_host=world.maybe(chosen.choice([*HOSTS, "other.example"])),
        metadata=chosen.choice([(), (), (("customer", "1"),)]),
        created_from_ms=world.maybe(NOW_MS),
        sort=chosen.choice(["-created_at", "created_at"]),
        limit=chosen.choice([1, 3, 100]),
    )
    if query.name is None:
        query = replace(query, name_prefix=world.maybe(chosen.choice(["run", "wa", 'wa"', "x"])))
    stored = services.storage.events.get_many(sorted(set(world.events)))
    expected = [
        event.id
        for event in stored
        if event is not None
        and access.sees(event.tags)
        and query.tags.takes(event.tags)
        and (query.status is None or event.status.value in query.status.split(","))
        and query.name in (None, event.name)
        and event.name.startswith(query.name_prefix or "")
        and query.target_host in (None, *hosts_of(event.action.target))
        and (not query.metadata or event.metadata_json == '{"customer":1}')
        and event.created_ms >= (query.created_from_ms or 0)
    ]
    if query.sort == "-created_at":
        expected.reverse()
    found, pages = all_parts(
        lambda cursor: services.events.list(replace(query, cursor=cursor), access)
    )
    assert [event.id for event in found] == expected, query
    judge_totals(pages, len(expected))


def check_by_name(world: World) -> None:
    chosen, services = world.chosen, world.services
    access = chosen.choice(TENANTS)
    query = EventQuery(
        name_prefix=world.maybe(chosen.choice(["run", "wa", 'wa"', "x"])),
        sort=chosen.choice(["name", "-name"]),
        limit=chosen.choice([1, 3, 100]),
    )
    stored = services.storage.events.get_many(sorted(set(world.events)))
    expected = [
        (json.dumps(event.name)[1:-1], event.id)
        for event in stored
        if event is not None
        and access.sees(event.tags)
        and event.name.startswith(query.name_prefix or "")
    ]
    expected.sort(reverse=query.sort == "-name")
    found, pages = all_parts(
        lambda cursor: services.events.list(replace(query, cursor=cursor), access)
    )
    assert [event.id for event in found] == [one for _, one in expected], query
    judge_totals(pages, len(expected))


def check_occurrences(world: World) -> None:
    chosen, services = world.chosen, world.services
    access = chosen.choice(TENANTS)
    of_event = world.maybe(chosen.choice(world.events)) if world.events else None
    query = OccurrenceQuery(
        tags=world.tag_filter(),
        event_id=None if of_event is None else ids.to_text(of_event),
        status=world.statuses([one.value for one in OccurrenceStatus]),
        from_ms=world.maybe(NOW_MS - 1_000),
        to_ms=world.maybe(NOW_MS + 1_000),
        sort=chosen.choice(["-scheduled_at", "scheduled_at"]),
        limit=chosen.choice([1, 3, 100]),
    )
    stored = services.storage.occurrences.get_many(sorted(world.occurrences))
    expected = [
        (one.scheduled_ms, one.id)
        for one in stored
        if one is not None
        and access.sees(one.tags)
        and query.tags.takes(one.tags)
        and of_event in (None, one.event_id)
        and (query.status is None or one.status.value in query.status.split(","))
        and (query.from_ms is None or one.scheduled_ms >= query.from_ms)
        and (query.to_ms is None or one.scheduled_ms <= query.to_ms)
    ]
    expected.sort(reverse=query.sort == "-scheduled_at")
    found, pages = all_parts(
        lambda cursor: services.occurrences.list(replace(query, cursor=cursor), access)
    )
    assert [(one.scheduled_ms, one.id) for one in found] == expected, query
    judge_totals(pages, len(expected))
    by_number: list[Occurrence] = []
    for page in range(1, len(expected) // query.limit + 2):
        by_number += services.occurrences.list(replace(query, page=page), access).items
    assert [one.id for one in by_number] == [one for _, one in expected], query


@pytest.mark.parametrize("seed", range(4))
def test_every_list_is_what_a_plain_model_says(
    services: Services, create: Create, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """All parts together, each once, in order; totals exact or a lower bound; indexes sound."""
    for name, value in (("CHUNK", 6), ("_LEAST", 4), ("LOOK_LIMIT", 8 + seed * 10),
                        ("TOTAL_LIMIT", 5), ("COUNTED_AT_ONCE", 4)):  # fmt: skip
        monkeypatch.setattr(indexes, name, value)
    for name, value in (("FEW", 3), ("CHUNK", 6), ("LOOKED_BY_NAME", 8)):
        monkeypatch.setattr(event_lists, name, value)
    world = World(services, create, random.Random(seed))
    for _ in range(STEPS):
        world.change()
    assert broken(services.storage.client, services.settings.partitions) == []
    for _ in range(ASKED):
        check_events(world)
        check_by_name(world)
        check_occurrences(world)
