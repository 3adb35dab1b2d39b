"""Lists against an obvious oracle: filter everything in memory, sort, cut."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import product

import pytest

from app.domain import ids
from app.domain.access import MASTER, Access
from app.domain.event import Event, EventStatus
from app.errors import InvalidInput
from app.services.queries import EventQuery, OccurrenceQuery, TagFilter
from app.store.events import EventStore
from app.wiring.services import Services
from tests.support.clock import NOW_MS

Create = Callable[..., Event]
TAGS = ("a", "b", "c", "d")
TENANT = Access("tenant", "read", frozenset({"a", "d"}))
NOBODY = Access("nobody", "read", frozenset())
FILTERS = [
    TagFilter(),
    TagFilter(("a",)),
    TagFilter(("b",)),
    TagFilter(("a", "b")),
    TagFilter(("a", "b"), match_all=True),
    TagFilter(("b", "c"), match_all=True),
    TagFilter(("nothing",)),
]
ASKERS = [(access, tags) for access in (MASTER, TENANT, NOBODY) for tags in FILTERS]
"""Who asks for what: lists change nothing, so all of them ask of the same events."""


@pytest.fixture
def events(create: Create) -> list[Event]:
    choose = random.Random(7)
    return [
        create(
            name=choose.choice(["x", "y"]),
            start_time=NOW_MS + choose.randrange(5) * 1000,
            tags=tuple(choose.sample(TAGS, choose.randrange(4))),
            status=choose.choice(list(EventStatus)),
        )
        for _ in range(40)
    ]


def matches(tags: tuple[str, ...], wanted: TagFilter, access: Access) -> bool:
    if not access.sees(tags):
        return False
    if not wanted.tags:
        return True
    return (all if wanted.match_all else any)(tag in tags for tag in wanted.tags)


def test_events_are_those_that_match_newest_first(services: Services, events: list[Event]) -> None:
    asked = [(None, None), ("paused", None), ("active", None), ("inactive", "y"), (None, "x")]
    for (access, tags), (status, name) in product(ASKERS, asked):
        asking = f"{access.subject} asks for {tags}, {status=}, {name=}"
        expected = [
            event.id
            for event in sorted(events, key=lambda one: one.id, reverse=True)
            if matches(event.tags, tags, access)
            and status in (None, event.status.value)
            and name in (None, event.name)
        ]
        found: list[bytes] = []
        cursor: str | None = None
        while True:
            query = EventQuery(tags=tags, status=status, name=name, limit=7, cursor=cursor)
            page = services.events.list(query, access)
            assert page.total == len(expected), asking
            found += [event.id for event in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == expected, asking


def test_only_the_events_of_a_page_are_read(
    services: Services, create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind many that have run, the active one is found without a look at them."""
    first = create(name="needle")
    for _ in range(50):
        create(status=EventStatus.INACTIVE)
    read: list[int] = []
    get_many = EventStore.get_many

    def counted(self: EventStore, event_ids: Sequence[bytes]) -> list[Event | None]:
        read.append(len(event_ids))
        return get_many(self, event_ids)

    monkeypatch.setattr(EventStore, "get_many", counted)
    for query in (EventQuery(status="active"), EventQuery(name="needle")):
        page = services.events.list(query, MASTER)
        assert [event.id for event in page.items] == [first.id]
        assert page.total == 1
    assert sum(read) == 2


def test_occurrences_are_those_that_match_newest_scheduled_first(
    services: Services, events: list[Event]
) -> None:
    for partition in range(services.settings.partitions):
        services.storage.work.claim(partition, b"w", 1, now_ms=NOW_MS + 1000, limit=9, lease_ms=9)
    everything = [
        services.storage.occurrences.get(ids.occurrence_id(event.id, event.start_ms))
        for event in events
        if event.status is EventStatus.ACTIVE
    ]
    everything.sort(key=lambda one: (one.scheduled_ms, one.id), reverse=True)
    statuses = (None, "scheduled", "dispatched", "completed")
    spans = ((None, None), (NOW_MS + 1000, NOW_MS + 3000))
    for (access, tags), status, (low, high) in product(ASKERS, statuses, spans):
        asking = f"{access.subject} asks for {tags}, {status=}, {low=}, {high=}"
        expected = [
            one.id
            for one in everything
            if matches(one.tags, tags, access)
            and status in (None, one.status.value)
            and (low is None or one.scheduled_ms >= low)
            and (high is None or one.scheduled_ms <= high)
        ]
        found: list[bytes] = []
        # One page more than there is, which is empty.
        for page in range(1, len(expected) // 4 + 3):
            query = OccurrenceQuery(
                tags=tags, status=status, from_ms=low, to_ms=high, page=page, limit=4
            )
            listing = services.occurrences.list(query, access)
            assert listing.total == len(expected), asking
            found += [one.id for one in listing.items]
        assert found == expected, asking


def test_a_cursor_fits_only_the_list_that_it_was_made_for(
    services: Services, events: list[Event]
) -> None:
    """A forged, foreign or damaged cursor is refused."""
    page = services.events.list(EventQuery(limit=2), MASTER)
    assert page.next_cursor is not None
    damaged = page.next_cursor[:-2] + ("AA" if not page.next_cursor.endswith("AA") else "BB")
    for query, access in [
        (EventQuery(limit=2, cursor=damaged), MASTER),
        (EventQuery(limit=2, cursor="x"), MASTER),
        (EventQuery(limit=2, cursor="é"), MASTER),
        (EventQuery(limit=2, cursor=page.next_cursor, name="x"), MASTER),
        (EventQuery(limit=2, cursor=page.next_cursor), TENANT),
    ]:
        with pytest.raises(InvalidInput):
            services.events.list(query, access)
    _ = events


def test_of_an_event_lists_what_happened_and_what_is_next(
    services: Services, create: Create
) -> None:
    event = create(start_time=NOW_MS, schedule={"frequency": "minutely"}, tags=("a",))
    partition = ids.partition_of_event(event.id)
    moment = event.next_ms or 0
    for request in range(1, 6):
        claims = services.storage.work.claim(
            partition, b"w", request, now_ms=moment, limit=1, lease_ms=30_000
        )
        services.successors.schedule(claims, moment)
        moment += 60_000
    text = ids.to_text(event.id)
    first = services.occurrences.of_event(text, TENANT, 4, None)
    second = services.occurrences.of_event(text, TENANT, 4, first.next_cursor)
    times = [one.scheduled_ms for one in (*first.items, *second.items)]
    assert times == [(event.next_ms or 0) + 60_000 * index for index in (5, 4, 3, 2, 1, 0)]
    assert (first.total, second.next_cursor) == (6, None)


def test_of_a_one_time_event_lists_what_its_index_need_not_have(
    services: Services, create: Create
) -> None:
    """With its total, once, by its status, and for who may see it."""
    event = create(start_time=NOW_MS, tags=("a",))
    partition, text = ids.partition_of_event(event.id), ids.to_text(event.id)
    wanted = [(ids.occurrence_id(event.id, NOW_MS), "scheduled")]
    for status in ("scheduled", "dispatched"):
        page = services.occurrences.of_event(text, TENANT, 4, None)
        assert ([(one.id, one.status) for one in page.items], page.total) == (wanted, 1)
        for asked in ("scheduled", "dispatched"):
            query = OccurrenceQuery(event_id=text, status=asked)
            found = services.occurrences.list(query, TENANT)
            assert found.total == len(found.items) == (asked == status)
            assert services.occurrences.list(query, NOBODY).total == 0
        services.storage.work.claim(partition, b"w", 1, now_ms=NOW_MS, limit=1, lease_ms=30_000)
        wanted = [(wanted[0][0], "dispatched")]
