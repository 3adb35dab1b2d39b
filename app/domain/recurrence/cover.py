"""Which exclusions take whole hours away, so that a walk need not meet every occurrence in them.

``every: 1s`` without weekends has 172,800 excluded occurrences in a row. Where an excluding rule
takes one occurrence of an hour, and all that could follow in that hour as well, two days are 48
steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.recurrence.series import Every, Series, WallSeries

_WHOLE_MINUTES = 94_694_400_000
"""1973-01-01: since then no zone has had an offset of seconds."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where occurrences come from, as far as it tells whether an exclusion takes them all.

    It is found once for a schedule: a hundred exclusions of a hundred rules are ten thousand pairs.
    """

    can_be_told: bool
    fractions: frozenset[int]
    """What occurrences have beyond a whole second, in ms."""
    seconds_of_hour: frozenset[int]
    """Those of the rules on the wall clock."""
    seconds_of_minute: frozenset[int]
    """Those of single moments, and of rules that go on by whole minutes."""
    needs_every_second: bool
    """A rule in elapsed time goes on by other steps than whole minutes."""
    earliest_ms: int
    """The first of the single moments and of the starts of rules in elapsed time."""

    @classmethod
    def of(cls, rules: Iterable[Series], included: Sequence[int]) -> Sources:
        """Look through all rules and added moments; ``included`` is sorted."""
        told, every_second = True, False
        fractions: set[int] = set()
        hours: dict[int, frozenset[int]] = {}
        moments: list[int] = list(included)
        for rule in rules:
            if isinstance(rule, WallSeries):
                fractions.add(rule.fraction_ms)
                # Rules of the same times share one set.
                hours[id(rule.pattern.times.seconds_of_hour)] = rule.pattern.times.seconds_of_hour
            elif isinstance(rule, Every) and rule.period_ms % 1_000 == 0:
                every_second = every_second or rule.period_ms % 60_000 != 0
                moments.append(rule.start_ms)
            else:
                told = False
        return cls(
            told,
            frozenset(fractions.union(moment % 1_000 for moment in moments)),
            frozenset().union(*hours.values()),
            frozenset(moment // 1_000 % 60 for moment in moments),
            every_second,
            min(moments, default=_WHOLE_MINUTES),
        )


def covers_hours(taken: Series, sources: Sources) -> bool:
    """Whether an excluding series that takes an occurrence takes all that follow in its hour.

    A ``False`` costs time and no more.
    """
    if (
        not sources.can_be_told
        or not isinstance(taken, WallSeries)
        or taken.pattern.grid is not None
        or taken.policy.repeat == "second"
        or not sources.fractions <= {taken.fraction_ms}
    ):
        return False
    seconds = taken.pattern.times.seconds_of_hour
    if len(seconds) == 3_600:
        return True
    if sources.needs_every_second or sources.earliest_ms < _WHOLE_MINUTES:
        return False
    return sources.seconds_of_hour <= seconds and all(
        second + minute in seconds
        for second in sources.seconds_of_minute
        for minute in range(0, 3_600, 60)
    )
