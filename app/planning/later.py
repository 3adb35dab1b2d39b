"""What follows a successor: computed with it, so that claims go on without anybody who computes.

A series that fires often is planned once for several occurrences. The store keeps them with the
event's plan, and a claim schedules the first that follows what it claims.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.budget import BudgetExceeded, limited
from app.domain.definition import Definition
from app.domain.options import OVERLAP
from app.domain.timetable import Timetable
from app.planning.limits import LATER

MOST = 7
"""How many occurrences after the next one are computed with it."""

WITHIN_MS = 3_600_000
"""How far ahead: what changes when an event fires, and is not in its definition, as new time zone
data is not, shows after no longer than that."""


def later(
    definition: Definition, timetable: Timetable, next_ms: int | None, now_ms: int
) -> Sequence[int]:
    """What follows the next occurrence soon, ms UTC, if the event's definition alone says so.

    Calendars may change meanwhile, and jitter, a flow or an overlap policy has more to say of each
    occurrence. What takes too many steps to compute is left out.
    """
    options = definition.options
    is_plain = not (options.calendars or options.jitter_ms or options.flow)
    if next_ms is None or not is_plain or options.overlap != OVERLAP[0]:
        return ()
    try:
        with limited(LATER):
            found = timetable.upcoming(next_ms, MOST, now_ms + WITHIN_MS)
    except BudgetExceeded:
        return ()
    return tuple(one.scheduled_ms for one in found)
