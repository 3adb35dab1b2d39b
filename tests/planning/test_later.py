"""What is computed with a successor: as much as soon follows it, if its definition alone says so."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.budget import current, limited
from app.domain.timetable import Firing, Timetable
from app.planning.later import MOST, later
from app.planning.limits import LATER
from tests.support.builders import a_definition
from tests.support.clock import NOW_MS

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
EACH_MINUTE = {"every": "1m"}


def found(next_ms: int | None, **fields: Any) -> list[int]:
    definition = a_definition(**{"schedule": EACH_MINUTE, **fields})
    timetable = Timetable(definition.recurrence, definition.timezone)
    return list(later(definition, timetable, next_ms, NOW_MS))


def test_some_that_follow_are_computed() -> None:
    next_ms = NOW_MS + MINUTE_MS
    assert found(next_ms) == [next_ms + number * MINUTE_MS for number in range(1, MOST + 1)]


def test_none_is_more_than_an_hour_ahead() -> None:
    """Until then nothing but the definition is likely to change, as time zone data may."""
    next_ms = NOW_MS + 20 * MINUTE_MS
    assert found(next_ms, schedule={"every": "20m"}) == [NOW_MS + 40 * MINUTE_MS, NOW_MS + HOUR_MS]
    assert found(NOW_MS + HOUR_MS, schedule={"every": "1h"}) == []


def test_none_is_after_the_end() -> None:
    schedule = {**EACH_MINUTE, "count": 3}
    assert found(NOW_MS + MINUTE_MS, schedule=schedule) == [NOW_MS + 2 * MINUTE_MS]
    assert found(None) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"calendars": ["holidays"]},
        {"jitter": "10s"},
        {"flow": {"key": "a"}},
        {"overlap": "skip"},
    ],
)
def test_none_of_which_more_than_its_time_is_to_be_said(fields: dict[str, Any]) -> None:
    assert found(NOW_MS + MINUTE_MS, **fields) == []


class Costly(Timetable):
    """One that takes more steps than there are for this."""

    def upcoming(self, after_ms: int, count: int, until_ms: int | None = None) -> list[Firing]:
        current().spend(LATER + 1)
        return super().upcoming(after_ms, count, until_ms)


def test_none_that_costs_more_than_a_little() -> None:
    """The next one was found, and stays so."""
    definition = a_definition(schedule=EACH_MINUTE)
    timetable = Costly(definition.recurrence, definition.timezone)
    with limited(10 * LATER) as budget:
        assert later(definition, timetable, NOW_MS + MINUTE_MS, NOW_MS) == ()
    assert budget.left >= 9 * LATER
