"""A compiled schedule: rules put together, moments added, moments and days taken out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from app.domain.budget import current
from app.domain.recurrence.cover import Sources, covers_hours
from app.domain.recurrence.notices import Notice, list_notices
from app.domain.recurrence.series import ELAPSED, Series, WallSeries
from app.domain.recurrence.walk import Parts, Walk
from app.domain.recurrence.zones import EPOCH_ORDINAL, Zone

MAX_NOTICES = 1_000
MINUTE_MS = 60_000


def most_within(moments: Sequence[int], length_ms: int) -> int:
    """Return how many sorted moments at the most lie within less than a length of time."""
    return max(
        (
            bisect_left(moments, moment + length_ms) - position
            for position, moment in enumerate(moments)
        ),
        default=0,
    )


class Recurrence:
    """Every occurrence of a schedule, ascending, each once; UTC milliseconds everywhere.

    Exclusions beat what rules and ``include`` give, and don't change what ``count`` counts
    (RFC 5545 3.8.5.1).
    """

    __slots__ = ("_only", "_parts", "_start", "_words", "ends")

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
        ends: Iterable[int | None] = (),
    ) -> None:
        """Put compiled parts together; ``compile_schedule`` makes them.

        ``ends`` is what each ``count`` that had to be walked comes to, in the order of reading.
        """
        self._start = start_ms
        self._words = words
        self.ends = tuple(ends)
        rules, taken = tuple(series), tuple(excluding)
        added = sorted(moment for moment in set(included) if moment >= start_ms)
        sources = Sources.of(rules, added) if taken else None
        self._parts = Parts(
            rules,
            added,
            frozenset(excluded),
            frozenset(day.toordinal() - EPOCH_ORDINAL for day in excluded_days),
            taken,
            () if sources is None else tuple(covers_hours(one, sources) for one in taken),
            zone,
        )
        others = (added, self._parts.moments, self._parts.days, taken)
        self._only = rules[0] if len(rules) == 1 and not any(others) else None

    def next_after(self, after_ms: int) -> int | None:
        """Return the first occurrence later than ``after_ms``, ``None`` when exhausted."""
        if self._only is not None:  # most schedules: nothing to put together
            current().spend()
            return self._only.ceil(after_ms + 1)
        return Walk(self._parts, after_ms + 1).step()

    def is_emptied(self, most_excluded: int) -> bool:
        """Whether there are occurrences, but so many of the first are excluded, or all."""
        first = [one.ceil(self._start) for one in self._parts.series]
        has_any = bool(self._parts.included) or any(one is not None for one in first)
        return has_any and Walk(self._parts, self._start).step(None, most_excluded) is None

    def walk(self, after_ms: int) -> Walk:
        """Go through the occurrences later than a moment, one ``step`` each."""
        return Walk(self._parts, after_ms + 1)

    def upcoming(self, after_ms: int, count: int, until_ms: int | None = None) -> list[int]:
        """Return at most ``count`` occurrences later than ``after_ms``, up to ``until_ms``."""
        found: list[int] = []
        walk = self.walk(after_ms)
        while len(found) < count:
            occurrence = walk.step(until_ms)
            if occurrence is None:
                break
            found.append(occurrence)
        return found

    def notices(self, after_ms: int, until_ms: int) -> list[Notice]:
        """Tell which occurrences in ``after_ms < t <= until_ms`` a change of the clock touches.

        Rules in elapsed time just go on and have none. A thousand at most.
        """
        found = [
            notice
            for series in self._parts.series
            if isinstance(series, WallSeries) and series.policy != ELAPSED
            for notice in list_notices(series, after_ms, until_ms)
        ]
        kept = self._kept(one.scheduled_ms for one in found if one.scheduled_ms is not None)
        left = [one for one in found if one.scheduled_ms is None or one.scheduled_ms in kept]
        return sorted(left, key=lambda notice: notice.local)[:MAX_NOTICES]

    def most_within_a_minute(self) -> int:
        """Return a bound on the occurrences within 60 seconds, exclusions not looked at."""
        return sum(one.most_within_a_minute() for one in self._parts.series) + most_within(
            self._parts.included, MINUTE_MS
        )

    def beginnings(self) -> list[int]:
        """Return where much may come together: the first of each rule, and what is included."""
        firsts = (one.ceil(self._start) for one in self._parts.series)
        return sorted({one for one in firsts if one is not None} | set(self._parts.included))

    def explain(self) -> str:
        """Say in one English sentence when it happens, without a full stop."""
        return self._words

    def _kept(self, moments: Iterable[int]) -> set[int]:
        """Return those moments that are not excluded; each is one that a rule has."""
        given = sorted(set(moments))
        if not given:
            return set()
        walk = Walk(replace(self._parts, series=(), included=given), given[0])
        kept = set()
        while (at := walk.step()) is not None:
            kept.add(at)
        return kept
