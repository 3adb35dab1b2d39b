"""The limit on how often a schedule may occur within a minute."""

from __future__ import annotations

from app.domain.recurrence import Recurrence, most_within
from app.errors import InvalidInput

MINUTE_MS = 60_000
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
