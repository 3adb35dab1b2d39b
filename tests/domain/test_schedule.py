"""A schedule is compiled once for one start, zone and DST rule, and again for another."""

from __future__ import annotations

import pytest

from app.domain.schedule import Schedule
from app.errors import InvalidInput

DAILY = {"frequency": "daily"}
START_MS = 1_767_225_600_000
DAY_MS = 86_400_000


def test_it_is_compiled_once() -> None:
    schedule = Schedule(DAILY)
    first = schedule.compiled(START_MS, "Europe/Berlin", {})
    assert schedule.compiled(START_MS, "Europe/Berlin", {}) is first


def test_another_start_or_zone_compiles_it_anew() -> None:
    schedule = Schedule(DAILY)
    assert schedule.compiled(START_MS, None, {}).next_after(START_MS) == START_MS + DAY_MS
    later = schedule.compiled(START_MS + 5, None, {})
    assert later.next_after(START_MS) == START_MS + 5
    assert schedule.compiled(START_MS + 5, "Europe/Berlin", {}) is not later


def test_two_are_equal_if_the_same_was_given_compiled_or_not() -> None:
    compiled = Schedule(DAILY)
    compiled.compiled(START_MS, None, {})
    assert compiled == Schedule(DAILY) != Schedule({"frequency": "weekly"})


def test_what_can_not_be_compiled_is_refused_by_its_field() -> None:
    with pytest.raises(InvalidInput) as refused:
        Schedule({"frequency": "sometimes"}).compiled(START_MS, None, {})
    assert list(refused.value.fields) == ["schedule.frequency"]
