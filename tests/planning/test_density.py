"""How often a schedule may occur within a minute."""

from __future__ import annotations

import pytest

from app.domain.recurrence import compile_schedule
from app.errors import InvalidInput
from app.planning.density import check_density
from tests.support.clock import NOW_MS


@pytest.mark.parametrize(
    ("schedule", "most", "accepted"),
    [
        ({"every": "1s"}, 60, True),
        ({"every": "1s"}, 59, False),
        ({"every": "1s"}, 0, True),
        ({"every": "1m"}, 1, True),
        ({"every": "59s"}, 1, False),
        ({"frequency": "minutely"}, 1, True),
        ({"rrule": "FREQ=MINUTELY;BYSECOND=0,1,2"}, 2, False),
        ({"rrule": "FREQ=MINUTELY;BYSECOND=0,1,2"}, 3, True),
        ({"rrule": "FREQ=YEARLY;BYHOUR=1;BYMINUTE=1;BYSECOND=0,1,2"}, 2, False),
        ({"rrule": "FREQ=SECONDLY;COUNT=2"}, 2, True),
        ({"rrule": "FREQ=SECONDLY;COUNT=3"}, 2, False),
        ({"cron": "* * * * *"}, 1, True),
    ],
)
def test_how_often_a_schedule_may_occur(schedule, most: int, accepted: bool) -> None:
    rule = compile_schedule(schedule, NOW_MS, None)
    if accepted:
        check_density(rule, most)
    else:
        with pytest.raises(InvalidInput, match="within a minute"):
            check_density(rule, most)


def test_every_beginning_is_looked_at_however_late() -> None:
    """Additions that lie within what was seen are passed over, and those behind it are not."""
    early = ["2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z"]
    late = [f"2027-06-01T00:00:0{second}Z" for second in range(4)]
    schedule = {"every": "1d", "include": early + late}
    check_density(compile_schedule({**schedule, "include": early}, NOW_MS, None), 3)
    rule = compile_schedule(schedule, NOW_MS, None)
    check_density(rule, 5)
    with pytest.raises(InvalidInput, match="within a minute"):
        check_density(rule, 3)
