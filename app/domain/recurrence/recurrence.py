"""A compiled schedule: rules put together, moments added, moments and days taken out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date

from app.domain.recurrence.moments import day_end_ms
from app.domain.recurrence.notices import Notice, list_notices
from app.domain.recurrence.series import ELAPSED, Series, WallSeries
from app.domain.recurrence.zones import DAY, EPOCH_ORDINAL, Zone

MAX_EXCLUDED = 200_000
"""How many occurrences in a row may be excluded before the series counts as ended."""
MAX_NOTICES = 1_000


class Recurrence:
    """Every occurrence of a schedule, ascending, each once; UTC milliseconds everywhere.

    Exclusions beat what rules and ``include`` give, and don't change what ``count`` counts
    (RFC 5545 3.8.5.1).
    """

    __slots__ = ("_days", "_included", "_moments", "_rules", "_series", "_start", "_words", "_zone")

    def __init__(
        self,
        series: Iterable[Series],
        zone: Zone,
        start_ms: int,
        words: str,
        *,
        included: Iterable[int] = (),
        excluded: Iterable[int] = (),
        excluded_days: Iterable[date] = (),
        excluding: Iterable[Series] = (),
    ) -> None:
        """Put compiled parts together; ``compile_schedule`` makes them."""
        self._series = tuple(series)
        self._zone = zone
        self._start = start_ms
        self._words = words
        self._included = sorted(moment for moment in set(included) if moment >= start_ms)
        self._moments = frozenset(excluded)
        self._days = frozenset(day.toordinal() - EPOCH_ORDINAL for day in excluded_days)
        self._rules = tuple(excluding)

    def next_after(self, after_ms: int) -> int | None:
        """Return the first occurrence later than ``after_ms``, ``None`` when exhausted."""
        return self._search(after_ms, MAX_EXCLUDED)

    def is_emptied(self, most_excluded: int) -> bool:
        """Whether there are occurrences, but so many of the first are excluded, or all."""
        before = self._start - 1
        return self._ceil(self._start) is not None and self._search(before, most_excluded) is None

    def _search(self, after_ms: int, most_excluded: int) -> int | None:
        at = after_ms + 1
        for _ in range(most_excluded):
            found = self._ceil(at)
            if found is None:
                return None
            go_on = self._excluded_before(found)
            if go_on is None:
                return found
            at = go_on
        return None

    def upcoming(self, after_ms: int, count: int, until_ms: int | None = None) -> list[int]:
        """Return at most ``count`` occurrences later than ``after_ms``, up to ``until_ms``."""
        found: list[int] = []
        at = after_ms
        while len(found) < count:
            occurrence = self.next_after(at)
            if occurrence is None or (until_ms is not None and occurrence > until_ms):
                break
            found.append(occurrence)
            at = occurrence
        return found

    def notices(self, after_ms: int, until_ms: int) -> list[Notice]:
        """Tell which occurrences in ``after_ms < t <= until_ms`` a change of the clock touches.

        Rules in elapsed time just go on and have none. A thousand at most.
        """
        found = []
        for series in self._series:
            if isinstance(series, WallSeries) and series.policy != ELAPSED:
                for notice in list_notices(series, after_ms, until_ms):
                    at = notice.scheduled_ms
                    if at is None or self._excluded_before(at) is None:
                        found.append(notice)
                    if len(found) == MAX_NOTICES:
                        break
        return sorted(found, key=lambda notice: notice.local)[:MAX_NOTICES]

    def explain(self) -> str:
        """Say in one English sentence when it happens, without a full stop."""
        return self._words

    def _ceil(self, at: int) -> int | None:
        """Return the first occurrence from ``at`` on, exclusions not looked at."""
        best: int | None = None
        for series in self._series:
            found = series.ceil(at)
            if found is not None and (best is None or found < best):
                best = found
        if self._included:
            position = bisect_left(self._included, at)
            if position < len(self._included):
                included = self._included[position]
                best = included if best is None else min(best, included)
        return best

    def _excluded_before(self, at: int) -> int | None:
        """Return where to go on after an excluded occurrence, ``None`` if it is not excluded."""
        if at in self._moments:
            return at + 1
        if self._days:
            instant = at // 1000
            day = (instant + self._zone.offset_at(instant)) // DAY
            if day in self._days:
                ends = day_end_ms(date.fromordinal(day + EPOCH_ORDINAL), self._zone)
                return max(at, ends) + 1
        if any(series.ceil(at) == at for series in self._rules):
            return at + 1
        return None
