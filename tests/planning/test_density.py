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
