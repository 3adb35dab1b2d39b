"""Which seconds of a day a rule allows: some hours, and within each of them the same seconds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache


class Times:
    """A set of times of day, in seconds after midnight: each hour with each second of an hour."""

    __slots__ = ("_hours", "_in_hours", "_seconds", "per_day", "seconds_of_hour")

    def __init__(self, hours: Sequence[int], seconds_of_hour: tuple[int, ...]) -> None:
        self._hours = sorted(set(hours))
        self._in_hours = frozenset(hours)
        self._seconds = seconds_of_hour
        self.seconds_of_hour = _as_set(seconds_of_hour)
        self.per_day = len(self._hours) * len(seconds_of_hour)

    @property
    def has_every_hour(self) -> bool:
        """Whether all 24 hours are allowed."""
        return len(self._hours) == 24

    def most_within_a_minute(self) -> int:
        """Return how many of the times may come within 60 seconds, at hours that adjoin."""
        return _most_within_a_minute(self._seconds)

    def ceil(self, second: int) -> int | None:
        """Return the first allowed time from ``second`` on, ``None`` if the day has no more."""
        hour, rest = divmod(second, 3600)
        if hour in self._in_hours and rest <= self._seconds[-1]:
            return hour * 3600 + self._seconds[bisect_left(self._seconds, rest)]
        position = bisect_right(self._hours, hour)
        if position == len(self._hours):
            return None
        return self._hours[position] * 3600 + self._seconds[0]

    def nth(self, index: int) -> int:
        """Return the time that has ``index`` times of the day before it."""
        hour, position = divmod(index, len(self._seconds))
        return self._hours[hour] * 3600 + self._seconds[position]


@lru_cache(maxsize=512)
def seconds_of_hour(minutes: tuple[int, ...], seconds: tuple[int, ...]) -> tuple[int, ...]:
    """Return each minute with each second, as sorted seconds of the hour."""
    ordered = sorted(set(seconds))
    return tuple(minute * 60 + second for minute in sorted(set(minutes)) for second in ordered)


@lru_cache(maxsize=512)
def _as_set(seconds: tuple[int, ...]) -> frozenset[int]:
    """Return the seconds as a set, one and the same for the same seconds."""
    return frozenset(seconds)


@lru_cache(maxsize=512)
def _most_within_a_minute(seconds: tuple[int, ...]) -> int:
    around = [*seconds, *(second + 3_600 for second in seconds if second < 60)]
    return max(
        bisect_left(around, second + 60) - position for position, second in enumerate(seconds)
    )
