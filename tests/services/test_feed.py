"""The calendar feed: what is in it, for whom, and how much at most."""

from __future__ import annotations

import pytest

from app.domain.access import MASTER, Access
from app.domain.event import EventStatus
from app.domain.ids import occurrence_id, to_text
from app.domain.occurrence import OccurrenceStatus
from app.services import feed as module
from app.services.queries import TagFilter
from app.store.calls import Unattempted
from tests.support.clock import NOW_MS

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@pytest.fixture
def happenings(services):
    def ask(*tags, access=MASTER, match_all=False):
        return services.feed.happenings(TagFilter(tags, match_all), access)

    return ask


def times_of(found):
    return [one.scheduled_ms for one in found]


def test_planned_ones_of_the_next_sixty_days(create, happenings):
    """One-time and recurring, the nearest first; their ids are those that they will have."""
    daily = create(name="daily", start_time=NOW_MS + 1, schedule={"frequency": "daily"})
    once = create(name="once", start_time=NOW_MS + DAY_MS)
    create(name="far", start_time=NOW_MS + 61 * DAY_MS)
    found = happenings()
    assert len(found) == 61
    assert times_of(found) == sorted(times_of(found))
    assert {one.name for one in found} == {"daily", "once"}
    uids = {to_text(occurrence_id(daily.id, NOW_MS + 1 + n * DAY_MS)) for n in range(60)}
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
    services.events.delete(to_text(event.id), MASTER, None)
    assert {one.name for one in happenings()} == {"An event that was deleted"}


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


def test_at_most_so_many(create, happenings, monkeypatch):
    """Of one event, of all, and of events; what is nearest stays."""
    monkeypatch.setattr(module, "MAX_PER_EVENT", 5)
    monkeypatch.setattr(module, "MAX_IN_ALL", 8)
    often = create(name="often", start_time=NOW_MS + 1, schedule={"every": "1m"})
    assert len(happenings()) == 5
    create(name="seldom", start_time=NOW_MS + 2 * HOUR_MS, schedule={"every": "1h"})
    assert [one.name for one in happenings()] == ["often"] * 5 + ["seldom"] * 3
    monkeypatch.setattr(module, "MAX_EVENTS", 1)
    assert {one.name for one in happenings()} == {"seldom"}
    assert often.next_ms == NOW_MS + 1
