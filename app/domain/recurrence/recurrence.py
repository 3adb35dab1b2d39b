"""A compiled schedule: rules put together, moments added, moments and days taken out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from app.domain.budget import current
from app.domain.recurrence.cover import Sources, covers_hours
from app.domain.recurrence.notices import Notice, list_notices, notice_of
from app.domain.recurrence.parts import Exclusions, Inclusions, Parts
from app.domain.recurrence.series import Series, WallSeries
from app.domain.recurrence.walk import Walk
from app.domain.recurrence.wall_times import Policy, change_at, moments_of, wall_ms_of
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

    __slots__ = ("_only", "_parts", "_policy", "_start", "_start_wall", "_words", "ends")

    def __init__(
        self,
        series: Iterable[Series],
        zone: Zone,
        start_ms: int,
        words: str,
        *,
        policy: Policy,
        start_wall_ms: int | None = None,
        included: Iterable[int] = (),
        included_walls: Iterable[int] = (),
        excluded: Iterable[int] = (),
        excluded_walls: Iterable[int] = (),
        excluded_days: Iterable[date] = (),
        excluding: Iterable[Series] = (),
        ends: Iterable[int | None] = (),
    ) -> None:
        """Put compiled parts together; ``compile_schedule`` makes them.

        Wall times are in milliseconds, and read with ``policy``. ``ends`` is what each ``count``
        that had to be walked comes to, in the order of reading.
        """
        self._start = start_ms
        self._start_wall = start_wall_ms
        self._words = words
        self._policy = policy
        self.ends = tuple(ends)
        rules, taken = tuple(series), tuple(excluding)
        added = Inclusions.of(included, included_walls, start_ms, zone, policy)
        days = [day.toordinal() - EPOCH_ORDINAL for day in excluded_days]
        removed = Exclusions.of(excluded, excluded_walls, days, zone, policy)
        sources = Sources.of(rules, added.moments) if taken else None
        self._parts = Parts(
            rules,
            added,
            removed,
            taken,
            () if sources is None else tuple(covers_hours(one, sources) for one in taken),
            zone,
        )
        others = (added.moments, removed.moments, removed.days, taken)
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
        has_any = bool(self._parts.included.moments) or any(one is not None for one in first)
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

    def walls_of(self, at_ms: int) -> list[int]:
        """Return the wall times, in milliseconds, that an occurrence stands for.

        That is what the clock shows, but where it jumps ahead: there it is what the clock skipped.
        """
        stretch = self._parts.zone.stretch_at(at_ms // 1000)
        if not stretch.is_early(at_ms // 1000):
            return [at_ms + stretch.offset * 1000]
        return sorted(set(self._parts.walls_at(at_ms, stretch)))

    def is_early(self, at_ms: int) -> bool:
        """Whether the clock has just jumped ahead, so that what it skipped may fire."""
        return self._parts.zone.change_near(at_ms // 1000) is not None

    def earliest_wall(self, at_ms: int) -> int:
        """Return the first wall time, in milliseconds, of which something may fire from then on."""
        stretch = self._parts.zone.stretch_at(at_ms // 1000)
        early = stretch.is_early(at_ms // 1000)
        return at_ms + (stretch.before if early else stretch.offset) * 1000

    def skipped_until(self, day_start_ms: int) -> int:
        """Return the last moment at which something of the day before may fire.

        That is the day's last, unless the clock jumps over a midnight.
        """
        stretch = self._parts.zone.change_near(day_start_ms // 1000)
        if stretch is None:
            return day_start_ms - 1
        return (stretch.start + stretch.offset - stretch.before) * 1000 - 1

    def moments_of(self, wall_ms: int) -> tuple[int, ...]:
        """Return when a wall time, in milliseconds, fires: once, twice or not at all."""
        return moments_of(wall_ms, self._parts.zone, self._policy)

    def notices(self, after_ms: int, until_ms: int) -> list[Notice]:
        """Tell which occurrences in ``after_ms < t <= until_ms`` a change of the clock touches.

        Rules in elapsed time just go on and have none. A start that the clock skips is always told.
        A thousand at most.
        """
        told = (*self._of_inclusions(after_ms, until_ms), *self._of_rules(after_ms, until_ms))
        found = {notice.local: notice for notice in told if self._is_kept(notice)}
        if self._start_wall is not None and (start := self._of_start(self._start_wall)):
            found.setdefault(start.local, start)
        return sorted(found.values(), key=lambda notice: notice.local)[:MAX_NOTICES]

    def most_within_a_minute(self) -> int:
        """Return a bound on the occurrences within 60 seconds, exclusions not looked at."""
        return sum(one.most_within_a_minute() for one in self._parts.series) + most_within(
            self._parts.included.moments, MINUTE_MS
        )

    def beginnings(self) -> list[int]:
        """Return where much may come together: the first of each rule, and what is included."""
        firsts = (one.ceil(self._start) for one in self._parts.series)
        return sorted(
            {one for one in firsts if one is not None} | set(self._parts.included.moments)
        )

    def explain(self) -> str:
        """Say in one English sentence when it happens, without a full stop."""
        return self._words

    def _of_rules(self, after_ms: int, until_ms: int) -> Iterator[Notice]:
        for series in self._parts.series:
            if isinstance(series, WallSeries) and not series.policy.elapsed:
                yield from list_notices(series, after_ms, until_ms)

    def _of_inclusions(self, after_ms: int, until_ms: int) -> Iterator[Notice]:
        for wall_ms in self._parts.included.walls:
            change = change_at(wall_ms // 1000, self._parts.zone)
            if change is not None:
                notice = notice_of(self._policy, change, wall_ms // 1000, wall_ms % 1000)
                at = change.start * 1000 if notice.scheduled_ms is None else notice.scheduled_ms
                if after_ms < at <= until_ms and self._start <= at:
                    yield notice

    def _of_start(self, wall_ms: int) -> Notice | None:
        change = change_at(wall_ms // 1000, self._parts.zone)
        if change is None or change.offset < change.before:
            return None
        return notice_of(
            self._policy, change, wall_ms // 1000, wall_ms % 1000, start_ms=self._start
        )

    def _is_kept(self, notice: Notice) -> bool:
        """Whether what a notice tells of is not excluded."""
        parts, at = self._parts, notice.scheduled_ms
        wall_ms = wall_ms_of(datetime.fromisoformat(notice.local))
        fraction = 0 if at is None else at % 1000
        is_shown = notice.kind == "repeat"
        if parts.excluded.takes(wall_ms + fraction, at, is_shown=is_shown):
            return False
        return at is None or all(one.ceil(at) != at for one in parts.excluding)
