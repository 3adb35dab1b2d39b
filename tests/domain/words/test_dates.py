"""Moments in a zone, and how they are said."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.words.clocks import Day
from app.domain.words.dates import date_of, moment_ms, say_date, say_moment, wall_at
from app.domain.words.tokens import Token
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import ms

TOKEN = Token("word", "tomorrow", "tomorrow", 1)
TOMORROW = Day(None, 0, 0, 1, TOKEN)
NOW = ms("2026-11-26T23:30:00Z")


def test_tomorrow_is_that_of_the_zone() -> None:
    assert date_of(TOMORROW, NOW, "UTC") == date(2026, 11, 27)
    assert date_of(TOMORROW, NOW, "Europe/Berlin") == date(2026, 11, 28)
    with pytest.raises(InvalidInput, match="in which time zone"):
        date_of(TOMORROW, NOW, None)


def test_a_date_needs_its_year() -> None:
    with pytest.raises(InvalidInput, match="with its year"):
        date_of(Day(None, 12, 24, None, TOKEN), NOW, "UTC")


def test_a_date_without_a_time_begins_at_midnight() -> None:
    assert moment_ms(TOMORROW, None, NOW, "Europe/Berlin") == ms("2026-11-27T23:00:00Z")


def test_how_they_are_said() -> None:
    at = wall_at(ms("2026-07-01T10:00:05.250Z"), "Europe/Berlin")
    assert say_moment(at) == "1 July 2026 at 12:00:05"
    assert say_moment(wall_at(ms("2026-07-01T10:00:00Z"), None)) == "1 July 2026 at 10:00"
    assert say_date(at.date()) == "1 July 2026"
