"""How often a schedule occurs: the limit within a minute, and about how often in a day."""

from __future__ import annotations

from app.domain.budget import BudgetExceeded, limited
from app.domain.recurrence import Recurrence, most_within
from app.domain.timetable import Timetable
from app.errors import InvalidInput

MINUTE_MS = 60_000
DAY_MS = 86_400_000
SAMPLE_MINUTES = 4
"""How much of a schedule is checked at each beginning: so many minutes at the allowed rate."""


def check_density(rule: Recurrence, most: int) -> None:
    """Refuse a schedule that occurs more often than ``most`` times within a minute (0: any).

    What its rules and inclusions allow together is enough to accept it. Only where that is more
    are occurrences looked at: where each rule begins, and around each inclusion. Raises
    ``InvalidInput``, and ``BudgetExceeded`` in a budget.
    """
    if not most or rule.most_within_a_minute() <= most:
        return
    looked_at = None
    for moment in rule.beginnings():
        if looked_at is not None and moment <= looked_at:
            continue
        sample = rule.upcoming(moment - MINUTE_MS, SAMPLE_MINUTES * most + 1)
        if most_within(sample, MINUTE_MS) > most:
            raise InvalidInput.field(
                "schedule", f"occurs more than {most} times within a minute; make it rarer"
            )
        looked_at = sample[-1] - MINUTE_MS if sample else moment


FEW = 6
"""How many occurrences at each beginning say how often it occurs."""

SAMPLED = 5_000
"""Steps that may be spent on that: it is done beside what else a request computes."""


def occurrences_a_day(timetable: Timetable, after_ms: int) -> int:
    """About how often a schedule occurs in a day, where it is densest; 0: once in all, or never.

    It is judged by a few occurrences after a moment, and from where each rule begins; where those
    take too many steps, by what its rules allow.
    """
    rate, seen_ms = 0, after_ms
    beginnings = [after_ms, *(one - 1 for one in timetable.rule.beginnings() if one > after_ms)]
    try:
        with limited(SAMPLED):
            for beginning in beginnings:
                if beginning < seen_ms:
                    continue
                times = [one.scheduled_ms for one in timetable.upcoming(beginning, FEW)]
                if len(times) > 1:
                    seen_ms = times[-1]
                    rate = max(rate, -((1 - len(times)) * DAY_MS // (seen_ms - times[0])))
    except BudgetExceeded:
        return max(rate, timetable.rule.most_within_a_minute() * DAY_MS // MINUTE_MS)
    return rate
