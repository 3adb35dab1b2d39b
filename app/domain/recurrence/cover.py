"""Which exclusions take whole hours away, so that a walk need not meet every occurrence in them.

``every: 1s`` without weekends has 172,800 excluded occurrences in a row. Where an excluding rule
takes one occurrence of an hour, and all that could follow in that hour as well, two days are 48
steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.domain.recurrence.series import Every, Series, WallSeries

_WHOLE_MINUTES = 94_694_400
"""1973-01-01: since then no zone has had an offset of seconds."""


def covers_hours(taken: Series, rules: Iterable[Series], included: Sequence[int]) -> bool:
    """Whether an excluding series that takes an occurrence takes all that follow in its hour.

    ``rules`` and ``included`` are where occurrences come from. A ``False`` costs time and no more.
    """
    if (
        not isinstance(taken, WallSeries)
        or taken.pattern.grid is not None
        or taken.policy.repeat == "second"
    ):
        return False
    fraction, seconds = taken.fraction_ms, taken.pattern.times.seconds_of_hour

    def takes(moment_ms: int) -> bool:
        """Whether it takes every moment that differs from this one by whole minutes."""
        if moment_ms % 1000 != fraction:
            return False
        instant = moment_ms // 1000
        is_whole = instant >= _WHOLE_MINUTES or len(seconds) == 3_600
        return is_whole and all(minute + instant % 60 in seconds for minute in range(0, 3_600, 60))

    step_ms = 1_000 if len(seconds) == 3_600 else 60_000
    for rule in rules:
        if isinstance(rule, WallSeries):
            covered = rule.pattern.times.seconds_of_hour <= seconds
            if rule.fraction_ms != fraction or not covered:
                return False
        elif not isinstance(rule, Every) or rule.period_ms % step_ms or not takes(rule.start_ms):
            return False
    return all(map(takes, included))
