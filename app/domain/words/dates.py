"""Moments and dates: from what was said to instants, and back to words."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from app.domain.recurrence import resolve_local
from app.domain.recurrence.zones import get_zone, wall_datetime
from app.domain.words.clocks import Day, TimeOfDay
from app.domain.words.reading import ask
from app.domain.words.vocabulary import MONTH_NAMES

NEEDS_ZONE: Final = (
    "say in which time zone, as in at 9:00 Europe/Berlin, or give timezone beside the text"
)


def date_of(day: Day, now_ms: int, zone: str | None) -> date:
    """Return a date; raises ``InvalidInput`` for one without its year or its zone."""
    if day.ahead is not None and zone is None:
        raise ask(day.token, NEEDS_ZONE)
    found = day.on(wall_at(now_ms, zone).date())
    if found is None:
        raise ask(day.token, "write the date with its year")
    return found


def moment_ms(day: Day, clock: TimeOfDay | None, now_ms: int, zone: str | None) -> int:
    """Return a time of a day, ms UTC; raises ``InvalidInput`` for one that no clock shows."""
    if zone is None:
        raise ask(day.token, NEEDS_ZONE)
    at = datetime.combine(date_of(day, now_ms, zone), time(*(clock.parts if clock else ())))
    found = resolve_local(at, zone)
    if clock is not None and wall_at(found, zone) != at:
        shown = f"{wall_at(found, zone):%H:%M}"
        raise ask(clock.token, f"the clock skips that time on this day, so write {shown}")
    return found


def wall_at(at_ms: int, zone: str | None) -> datetime:
    """Return what the clock shows in a zone, UTC if there is none."""
    instant = at_ms // 1000
    wall = wall_datetime(instant + get_zone(zone or "UTC").offset_at(instant))
    return wall + timedelta(milliseconds=at_ms % 1000)


def say_date(at: date) -> str:
    """Say a date: 27 November 2026."""
    return f"{at.day} {MONTH_NAMES[at.month - 1].title()} {at.year}"


def say_moment(at: datetime) -> str:
    """Say a date and a time: 27 November 2026 at 08:00."""
    seconds = f":{at.second:02}" if at.second else ""
    return f"{say_date(at.date())} at {at.hour:02}:{at.minute:02}{seconds}"
