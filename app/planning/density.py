"""How often a schedule may occur within a minute."""

from __future__ import annotations

from app.domain.recurrence import Recurrence
from app.errors import InvalidInput

MINUTE_MS = 60_000
SAMPLE_MINUTES = 4
"""How many minutes' worth of the fastest allowed schedule is looked at."""

_BEFORE_ALL_MS = -(1 << 62)


def check_density(rule: Recurrence, most: int) -> None:
    """Refuse a schedule that occurs more often than ``most`` times within a minute (0: any).

    Looks at its beginning. Raises ``InvalidInput``.
    """
    first = rule.next_after(_BEFORE_ALL_MS) if most else None
    if first is None:
        return
    sample = rule.upcoming(first - 1, SAMPLE_MINUTES * most + 1)
    for early, late in zip(sample, sample[most:], strict=False):
        if late - early < MINUTE_MS:
            raise InvalidInput.field(
                "schedule", f"occurs more than {most} times within a minute; make it rarer"
            )
