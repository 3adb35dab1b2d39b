"""From what is stored of an event to its timetable, and what is refused when it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from app.domain.calendar import Calendar
from app.domain.event import Event
from app.domain.misfire import DEFAULT, MisfirePolicy
from app.domain.options import EventOptions
from app.domain.schedule import Schedule
from app.domain.timetable import Timetable
from app.errors import InvalidInput
from app.planning.timetables import Timetables
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS

DAY_MS = 86_400_000
CLOSED = Calendar("closed", {"dates": ["2026-01-02"]})


class Named:
    """Knows one calendar; see ``Calendars``."""

    def named(self, names: Sequence[str]) -> tuple[Calendar, ...]:
        if set(names) != {"closed"}:
            raise InvalidInput.field("calendars", "unknown")
        return (CLOSED,)

    def known(self, names: Sequence[str]) -> tuple[Calendar, ...]:
        return tuple(CLOSED for name in names if name == "closed")


def recurring(**options: Any) -> Event:
    return an_event(start_ms=NOW_MS, schedule=DAILY, options=options)


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (recurring(on_excluded="hope"), "on_excluded: must be one of skip, next_day, previous_day"),
        (recurring(misfire={"limit": 0}), "misfire.limit: must be a whole number from 1 to 1000"),
        (recurring(calendars=["other"]), "calendars: unknown"),
        (recurring(jitter="soon"), "jitter: must be a duration such as 30s, 5m or 1h30m"),
        (recurring(jitter="604801s"), "jitter: must be at most 7d"),
        (recurring(dst={"gap": "x"}), "dst.gap: must be next, skip or shift"),
        (
            an_event(start_ms=NOW_MS, schedule={"every": "1s"}),
            "schedule: occurs more than 30 times within a minute; make it rarer",
        ),
        (
            an_event(schedule={}),
            "schedule.frequency: is required, or one of rrule, cron, every, rules",
        ),
    ],
)
def test_what_is_wrong_is_refused_when_it_is_written(event: Event, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Timetables(Named(), 30).checked(event, NOW_MS)
    assert caught.value.message == sentence


@pytest.mark.parametrize("name", ["calendars", "on_excluded"])
def test_a_one_time_event_has_no_use_for_what_is_for_a_schedule(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        an_event(options={name: ["x"]}).options.check_one_time()
    assert caught.value.message == f"{name}: is for events with a schedule; leave it out"
    an_event(options={"jitter": "1m", "misfire": {"policy": "skip"}}).options.check_one_time()
    an_event(options={"calendars": [], "dst": {}}).options.check_one_time()
    for wrong in ({"jitter": "soon"}, {"misfire": []}):
        with pytest.raises(InvalidInput):
            an_event(options=wrong).options.check_one_time()


def test_what_an_event_does_not_say_is_the_default() -> None:
    assert EventOptions().misfire is DEFAULT
    assert EventOptions({"misfire": {"limit": 5}}).misfire == MisfirePolicy(limit=5)
    assert EventOptions().jitter_ms == 0
    assert EventOptions({"jitter": "7d"}).jitter_ms == 7 * DAY_MS


def test_a_timetable_has_all_that_its_event_says() -> None:
    """Calendars, what becomes of excluded days, jitter by the event's id, zone and dst."""
    event = an_event(
        start_ms=NOW_MS,
        schedule=DAILY,
        timezone="Asia/Tokyo",
        options={"calendars": ["closed"], "on_excluded": "next_day", "jitter": "1h"},
    )
    table = Timetables(Named()).checked(event, NOW_MS)
    found = [one.scheduled_ms for one in table.upcoming(NOW_MS - 1, 2)]
    assert found == [NOW_MS, NOW_MS + 2 * DAY_MS]  # 2 January in Tokyo moves onto the 3rd
    other = Timetables(Named()).checked(an_event(definition=event.definition), NOW_MS)
    assert table.planned_ms(NOW_MS) != other.planned_ms(NOW_MS)
    assert NOW_MS <= table.planned_ms(NOW_MS) <= NOW_MS + 3_600_000
    assert "Asia/Tokyo" in table.explain()


def timetable_of(event: Event) -> Timetable:
    return Timetables(Named()).of(event.id, event.definition)


def test_a_series_has_the_timetable_that_was_checked() -> None:
    options = {"calendars": ["closed"], "jitter": "1h"}
    event = an_event(start_ms=NOW_MS, schedule=DAILY, timezone="Asia/Tokyo", options=options)
    table, expected = timetable_of(event), Timetables(Named()).checked(event, NOW_MS)
    assert table.upcoming(0, 3) == expected.upcoming(0, 3)
    assert table.planned_ms(NOW_MS) == expected.planned_ms(NOW_MS)
    assert table.explain() == expected.explain()


def test_what_was_accepted_once_goes_on_without_a_calendar_that_is_gone() -> None:
    event = recurring(calendars=["closed", "gone"], dst={"gap": "shift"})
    days = [one.scheduled_ms for one in timetable_of(event).upcoming(0, 2)]
    assert days == [NOW_MS, NOW_MS + 2 * DAY_MS]
    fast = an_event(start_ms=NOW_MS, schedule={"every": "1s"})
    assert Timetables(Named(), 30).of(fast.id, fast.definition).next_after(NOW_MS) is not None


def test_an_excluded_day_is_one_in_the_zone_of_the_event_and_moves_as_the_event_says() -> None:
    """2 January begins nine hours earlier in Tokyo."""
    options = {"calendars": ["closed"], "on_excluded": "next_day"}
    schedule = {"frequency": "daily", "interval": 3}
    event = an_event(
        start_ms=NOW_MS + DAY_MS * 2 // 3, schedule=schedule, timezone="Asia/Tokyo", options=options
    )
    found = [one.scheduled_ms for one in timetable_of(event).upcoming(0, 2)]
    assert found == [event.start_ms + DAY_MS, event.start_ms + 3 * DAY_MS]


def test_no_calendar_is_asked_for_where_none_is_named() -> None:
    """For most events nothing is read from the store."""
    event = recurring()
    timetables = Timetables(cast("Any", None))
    for table in (timetables.of(event.id, event.definition), timetables.checked(event, NOW_MS)):
        assert table.next_after(NOW_MS) is not None


def test_an_accepted_count_is_judged_anew_when_it_is_written() -> None:
    """What it came to for another start says nothing."""
    schedule = Schedule({"rrule": "FREQ=DAILY;BYHOUR=9,17;COUNT=3"}, ends=(NOW_MS,))
    event = an_event(start_ms=NOW_MS, schedule=schedule)
    assert len(Timetables(Named()).checked(event, NOW_MS).upcoming(0, 5)) == 3


@pytest.mark.parametrize("month", [7, 12])
def test_a_part_of_the_year_that_costs_too_much_is_found_ahead(month: int) -> None:
    """Wherever in the coming two years it lies."""
    minutes = [",".join(str(each) for each in range(60) if each != one) for one in (0, 1)]
    end = f"UNTIL=2027{month:02}28T000000Z"
    excluded = [
        {"rrule": f"FREQ=SECONDLY;BYMONTH={month};BYMINUTE={each};{end}"} for each in minutes
    ]
    event = an_event(start_ms=NOW_MS, schedule={"every": "1s", "exclude": excluded})
    with pytest.raises(InvalidInput, match="too many steps"):
        Timetables(Named()).checked(event, NOW_MS)


def test_a_timetable_by_the_rule_alone_knows_no_calendar() -> None:
    """The rest is the same: its zone, and the jitter of its event."""
    options = {"calendars": ["closed"], "jitter": "1h"}
    event = an_event(start_ms=NOW_MS, schedule=DAILY, timezone="Asia/Tokyo", options=options)
    table = Timetables.ruled(event.id, event.definition)
    days = [one.scheduled_ms for one in table.upcoming(0, 3)]
    assert days == [NOW_MS, NOW_MS + DAY_MS, NOW_MS + 2 * DAY_MS]
    assert table.planned_ms(NOW_MS) == timetable_of(event).planned_ms(NOW_MS)
    assert table.explain() == event.definition.recurrence.explain()
