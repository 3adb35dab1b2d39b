"""How series share the room of a feed."""

from __future__ import annotations

import pytest

from app.domain.ids import to_text
from app.planning import limits
from app.services import feed_series
from app.services.feed_series import Ongoing, shared_out
from tests.support.clock import NOW_MS

DAY_MS = 86_400_000
END_MS = NOW_MS + 30 * DAY_MS


@pytest.fixture
def share(services, create):
    def ask(room, *schedules):
        events = [create(name=str(n), schedule=one) for n, one in enumerate(schedules)]
        series = [Ongoing(event, NOW_MS) for event in events]
        return shared_out(services.planning.timetables, series, END_MS, room)

    return ask


def counted(shared):
    names = [event.name for event, _ in shared.planned]
    return {name: names.count(name) for name in names}


def test_each_has_its_share_and_what_one_does_not_need_the_others_have(share):
    shared = share(100, {"every": "1s"}, {"every": "1h"}, {"frequency": "weekly"})
    assert counted(shared) == {"0": 48, "1": 47, "2": 5}


def test_nothing_is_missing_if_there_is_room(share):
    shared = share(1_000, {"frequency": "daily"}, {"frequency": "weekly", "count": 2})
    assert counted(shared) == {"0": 30, "1": 2}
    assert shared.missing_ms is None
    assert all(NOW_MS < at_ms < END_MS for _, at_ms in shared.planned)


@pytest.mark.parametrize("room", [0, 1, 7, 30])
def test_the_earliest_that_is_missing(share, room):
    shared = share(room, {"frequency": "daily"}, {"every": "10d"})
    assert len(shared.planned) == room
    planned = {(event.name, at_ms) for event, at_ms in shared.planned}
    everything = {
        (event.name, at_ms) for event, at_ms in share(99, {"frequency": "daily"}, {"every": "10d"}).planned
    }  # fmt: skip
    assert planned <= everything
    assert shared.missing_ms == min(at_ms for _, at_ms in everything - planned)


def test_what_costs_too_much_is_missing_and_the_others_are_there(share, monkeypatch):
    """Each has a bound, and all of them have one."""
    rare = {"rrule": "FREQ=SECONDLY;BYMONTH=1;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=3;BYSECOND=3"}
    monkeypatch.setattr(feed_series, "FEED", 5)
    shared = share(100, rare)
    assert (counted(shared), shared.missing_ms) == ({}, NOW_MS)
    monkeypatch.setattr(feed_series, "FEED", limits.FEED)
    monkeypatch.setattr(feed_series, "FEEDS", 3_000)
    shared = share(100_000, {"every": "1s"}, {"every": "1s"})
    assert 100 < len(shared.planned) < 3_000
    last_ms = min(at_ms for event, at_ms in shared.planned if event.name == "0")
    assert shared.missing_ms is not None
    assert shared.missing_ms >= last_ms


def test_one_that_can_not_be_read_is_missing(share, services, create):
    """Upkeep sets it aside with its reason; the feed of its tenant goes on."""
    event = create(schedule={"frequency": "daily"})
    broken = event.changed(schedule=type(event.schedule)({"frequency": "no"}))
    good = create(schedule={"every": "10d"})
    series = [Ongoing(broken, NOW_MS), Ongoing(good, NOW_MS)]
    shared = shared_out(services.planning.timetables, series, END_MS, 99)
    assert {to_text(one.id) for one, _ in shared.planned} == {to_text(good.id)}
    assert shared.missing_ms == NOW_MS
