"""The calendar feed: what is in it, for whom, and how much at most."""

from __future__ import annotations

import itertools
from contextlib import suppress
from random import Random

import pytest

from app.domain.access import MASTER, Access
from app.domain.action import webhook
from app.domain.event import EventStatus
from app.domain.ids import occurrence_id, to_text
from app.domain.occurrence import OccurrenceStatus
from app.errors import Conflict, NotFound
from app.services import feed as module
from app.services.queries import EventChanges, TagFilter
from app.store import index_reads
from app.store.calls import Record, Unattempted
from tests.support.clock import NOW_MS

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@pytest.fixture
def happenings(services):
    def ask(*tags, access=MASTER, match_all=False):
        found = services.feed.read(TagFilter(tags, match_all), access)
        return services.feed.contents(found).happenings

    return ask


def times_of(found):
    return [one.scheduled_ms for one in found]


def test_planned_ones_of_the_next_sixty_days(create, happenings):
    """One-time and recurring, in order of time; their ids are those that they will have."""
    daily = create(name="daily", start_time=NOW_MS + 1, schedule={"frequency": "daily"})
    once = create(name="once", start_time=NOW_MS + DAY_MS)
    create(name="far", start_time=NOW_MS + 61 * DAY_MS)
    found = happenings()
    assert len(found) == 62
    assert times_of(found) == sorted(times_of(found))
    assert {one.name for one in found} == {"daily", "once"}
    uids = {to_text(occurrence_id(daily.id, NOW_MS + 1 + n * DAY_MS)) for n in range(61)}
    assert {one.uid for one in found} == uids | {to_text(occurrence_id(once.id, NOW_MS + DAY_MS))}
    assert {one.status for one in found} == {OccurrenceStatus.SCHEDULED}


def test_recorded_ones_of_the_last_seven_days(services, create, happenings):
    event = create(name="once", description="about it", start_time=NOW_MS + 61 * DAY_MS)
    for ago in (1, 6, 8):
        note = Unattempted(event.id, NOW_MS - ago * DAY_MS, event.tags, "missed", "too late")
        services.storage.work.record_unattempted([note], NOW_MS)
    found = happenings()
    assert times_of(found) == [NOW_MS - 6 * DAY_MS, NOW_MS - DAY_MS]
    assert {(one.name, one.status, one.error, one.description) for one in found} == {
        ("once", "missed", "too late", "about it")
    }


def test_names_are_those_of_the_time(services, create, happenings):
    """Whatever becomes of the event: who saw an occurrence sees no name that it got later."""
    event = create(name="before", description="it", tags=("red",), start_time=NOW_MS + DAY_MS)
    note = Unattempted(event.id, NOW_MS - 1, event.tags, "missed", "too late")
    services.storage.work.record_unattempted([note], NOW_MS)
    tenant = Access("tenant", "read", frozenset({"red"}))
    event_id = to_text(event.id)

    def change(**given):
        services.clock.ms += 1_000
        services.events.update(event_id, EventChanges(given), MASTER, None)

    change(name="between")
    assert [one.name for one in happenings()] == ["before", "between"]
    assert [one.name for one in happenings(access=tenant)] == ["before", "between"]
    change(name="after", description="hidden", tags=("green",))
    assert [one.name for one in happenings()] == ["before", "after"]
    assert [(one.name, one.description) for one in happenings(access=tenant)] == [("before", "it")]
    services.clock.ms += 1_000
    services.events.delete(event_id, MASTER, None)
    services.clock.ms = NOW_MS + DAY_MS
    assert [one.name for one in happenings()] == ["before", "after"]
    assert [(one.name, one.description) for one in happenings(access=tenant)] == [("before", "it")]


def test_paused_events_plan_nothing(create, happenings):
    create(status=EventStatus.PAUSED, schedule={"frequency": "daily"})
    assert happenings() == []


def test_days_of_calendars_are_left_out(services, create, happenings):
    services.calendars.put("closed", {"weekdays": ["SA", "SU"]}, MASTER)
    create(schedule={"frequency": "daily"}, calendars=["closed"])
    weekdays = {(ms // DAY_MS + 3) % 7 for ms in times_of(happenings())}
    assert weekdays == {0, 1, 2, 3, 4}


def test_only_what_is_in_scope_and_asked_for(create, happenings):
    for name, tags in (("red", ("red",)), ("both", ("red", "blue")), ("green", ("green",))):
        create(name=name, tags=tags, start_time=NOW_MS + HOUR_MS)

    def names(*tags, scope=None, **options):
        access = MASTER if scope is None else Access("somebody", "read", frozenset(scope))
        return {one.name for one in happenings(*tags, access=access, **options)}

    assert names() == {"red", "both", "green"}
    assert names("red", "green") == {"red", "both", "green"}
    assert names("red", "blue", match_all=True) == {"both"}
    assert names(scope={"blue", "green"}) == {"both", "green"}
    assert names("red", scope={"blue"}) == {"both"}
    assert names("green", scope={"blue"}) == set()


def test_at_most_so_many(services, create, monkeypatch):
    """One that fires often leaves the others their room; the file says where it has gaps."""
    monkeypatch.setattr(module, "MAX_IN_ALL", 8)
    often = create(name="often", start_time=NOW_MS + 60_000, schedule={"every": "1m"})
    create(name="seldom", start_time=NOW_MS + 2 * HOUR_MS, schedule={"every": "30d"})

    def contents():
        return services.feed.contents(services.feed.read(TagFilter(), MASTER))

    assert [one.name for one in contents().happenings] == ["often"] * 5 + ["seldom"] * 3
    assert [one.at_ms for one in contents().remarks] == [NOW_MS + 6 * 60_000]
    monkeypatch.setattr(module, "MAX_EVENTS", 1)
    assert [one.name for one in contents().happenings] == ["often"] * 8
    assert [one.at_ms for one in contents().remarks] == [NOW_MS + 9 * 60_000]
    services.events.delete(to_text(often.id), MASTER, None)
    assert [one.name for one in contents().happenings] == ["seldom"] * 3
    assert contents().remarks == []


def test_the_file_says_that_earlier_ones_are_left_out(services, create, monkeypatch):
    event = create(start_time=NOW_MS + 61 * DAY_MS)
    times = [NOW_MS - ago * HOUR_MS for ago in range(1, 6)]
    notes = [Unattempted(event.id, at, event.tags, "missed", "too late") for at in times]
    services.storage.work.record_unattempted(notes, NOW_MS)
    for most, remarked in ((5, []), (3, [NOW_MS - 4 * HOUR_MS])):
        monkeypatch.setattr(module, "MAX_RECORDED", most)
        contents = services.feed.contents(services.feed.read(TagFilter(), MASTER))
        assert times_of(contents.happenings) == sorted(times[:most])
        assert [one.at_ms for one in contents.remarks] == remarked


def test_only_so_much_of_an_index_is_looked_at(services, create, monkeypatch):
    """Many that have one of two tags, none of them both: what lies behind is left out."""
    both = create(tags=("red", "blue"), start_time=NOW_MS + 9 * HOUR_MS)
    for n in range(1, 9):
        create(tags=("red",), start_time=NOW_MS + n * HOUR_MS)
    for n in range(9):
        create(tags=("blue",), start_time=NOW_MS + n * HOUR_MS + HOUR_MS // 2)
    wanted = TagFilter(("red", "blue"), match_all=True)
    whole = services.feed.read(wanted, MASTER)
    assert [one.event_id for one in whole.records] == [both.id]
    assert whole.whole_until_ms is None
    monkeypatch.setattr(index_reads, "LEAST_OF_EACH", 1)
    monkeypatch.setattr(module, "CHUNK", 2)
    monkeypatch.setattr(module, "MAX_LOOKS", 2)
    cut = services.feed.read(wanted, MASTER)
    assert cut.records == []
    assert NOW_MS < cut.whole_until_ms < both.start_ms


def test_between_claim_and_successor_a_series_stands_in_the_feed(services, create, happenings):
    """It has no scheduled occurrence then."""
    create(start_time=NOW_MS + 1, schedule={"frequency": "daily"})
    before = times_of(happenings())
    work = services.storage.work
    claimed = [
        one
        for partition in range(work.partitions)
        for one in work.claim(partition, b"w", 1, now_ms=NOW_MS + 1, limit=9, lease_ms=30_000)
    ]
    assert len(claimed) == 1
    assert times_of(happenings()) == before


class History:
    """What users and workers do to a few events, at random."""

    def __init__(self, services, clock, random):
        self.services, self.clock, self.random = services, clock, random
        self.made = []

    def make(self):
        random = self.random
        given = {
            "name": random.choice("abc"),
            "tags": tuple(random.sample(["red", "blue", "green"], random.randint(1, 2))),
            "start_time": self.clock.ms + random.choice([1, HOUR_MS, 59 * DAY_MS]),
            "action": webhook("https://example.com/"),
            **random.choice([{}, {"schedule": {"frequency": "daily"}, "calendars": ["closed"]}]),
        }
        event = self.services.events.create(EventChanges(given), MASTER)
        self.made.append(to_text(event.id))

    def change(self):
        given = self.random.choice(
            [
                {"name": self.random.choice("abc")},
                {"description": self.random.choice("abc")},
                {"tags": (self.random.choice(["red", "blue"]),)},
                {"status": self.random.choice([EventStatus.PAUSED, EventStatus.ACTIVE])},
                {"start_time": self.clock.ms + self.random.choice([HOUR_MS, DAY_MS])},
            ]
        )
        with suppress(NotFound, Conflict):
            self.services.events.update(
                self.random.choice(self.made), EventChanges(given), MASTER, None
            )

    def delete(self):
        with suppress(NotFound):
            self.services.events.delete(self.random.choice(self.made), MASTER, None)

    def trigger(self):
        with suppress(NotFound, Conflict):
            self.services.actions.trigger(self.random.choice(self.made), MASTER)

    def close_days(self):
        days = self.random.choice([{"weekdays": ["SA"]}, {"weekdays": ["SU"]}])
        self.services.calendars.put("closed", days, MASTER)

    def wait(self):
        self.clock.ms += self.random.choice([1, 60_000, HOUR_MS, DAY_MS])

    def deliver(self):
        now_ms, work = self.clock.ms, self.services.storage.work
        for partition in range(work.partitions):
            claimed = work.claim(
                partition, b"w", self.random.getrandbits(40), now_ms=now_ms, limit=9,
                lease_ms=30_000,
            )  # fmt: skip
            self.services.successors.schedule(claimed, now_ms)
            for one in claimed:
                verdict = self.random.choice(["completed", "failed", "retrying"])
                again = now_ms + HOUR_MS if verdict == "retrying" else None
                record = Record(one.occurrence_id, one.token, verdict, 500, b"", "no", again, b"")
                work.record([record], now_ms)


@pytest.mark.parametrize("seed", range(4))
def test_the_stamp_is_another_whenever_the_file_is(services, clock, seed):
    """And the file is the same as long as nothing happens, however often it is asked for.

    Of one entry, the UID stays and neither stamp goes back.
    """
    history = History(services, clock, Random(seed))
    history.close_days()
    history.make()
    steps = (history.make, history.change, history.delete, history.trigger, history.close_days,
             history.wait, history.deliver, history.deliver)  # fmt: skip
    filters = (TagFilter(), TagFilter(("red",)), TagFilter(("red", "blue"), match_all=True))
    accesses = (MASTER, Access("somebody", "read", frozenset({"blue", "green"})))
    files, seen = {}, {}
    for _ in range(60):
        history.random.choice(steps)()
        for tags, access in itertools.product(filters, accesses):
            found = services.feed.read(tags, access)
            file = services.feed.write(found)
            key = (found.stamp, tags, access)
            assert files.setdefault(key, file) == file
            again = services.feed.read(tags, access)
            assert (again.stamp, services.feed.write(again)) == (found.stamp, file)
            for one in services.feed.contents(found).happenings:
                assert access.sees(one.tags)
                assert tags.takes(one.tags)
                assert seen.get((access, one.uid), 0) <= one.changed_ms
                seen[access, one.uid] = one.changed_ms
