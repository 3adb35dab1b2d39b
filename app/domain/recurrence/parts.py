"""What a schedule is put together from, and which wall times of it are excluded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.domain.recurrence.series import Series, WallSeries
from app.domain.recurrence.wall_times import Policy, moments_of
from app.domain.recurrence.zones import DAY, Stretch, Zone

_DAY_MS: Final = DAY * 1000


@dataclass(frozen=True, slots=True)
class Inclusions:
    """Added moments, ms UTC: those that were given, and what wall times come to."""

    moments: Sequence[int] = ()
    """Sorted, none before the start."""
    skipped: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """The wall times, some of which the clock skips, of moments at which such a one fires."""
    walls: Sequence[int] = ()
    """The wall times at which the clock changes."""

    @classmethod
    def of(
        cls,
        given: Iterable[int],
        walls: Iterable[int],
        start_ms: int,
        zone: Zone,
        policy: Policy,
    ) -> Inclusions:
        """Put them together; ``walls`` are in milliseconds."""
        found, changing = set(given), []
        skipped: dict[int, set[int]] = {}
        for wall in walls:
            before, after = zone.offsets_of(wall // 1000)
            moments = moments_of(wall, zone, policy)
            if before != after:
                changing.append(wall)
            if before >= after:
                found.update(moments)
                continue
            for at in moments:
                skipped.setdefault(at, set()).add(wall)
        for at in found & skipped.keys():
            skipped[at].add(at + zone.offset_at(at // 1000) * 1000)
        return cls(
            sorted(at for at in found | skipped.keys() if at >= start_ms),
            {at: frozenset(those) for at, those in skipped.items()},
            changing,
        )


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Moments and days taken away, and wall times with what the clock makes of them."""

    given: frozenset[int] = frozenset()
    """Moments that were given as such: whatever fires then is excluded."""
    shown: frozenset[int] = frozenset()
    """Those and the moments of wall times that the clock shows."""
    skipped: frozenset[int] = frozenset()
    """The wall times that the clock skips, in milliseconds."""
    moments: frozenset[int] = frozenset()
    """All moments at which something may be excluded by a moment or a wall time."""
    days: frozenset[int] = frozenset()
    """Days on the wall, counted from 1970-01-01."""

    @classmethod
    def of(
        cls,
        given: Iterable[int],
        walls: Iterable[int],
        days: Iterable[int],
        zone: Zone,
        policy: Policy,
    ) -> Exclusions:
        """Put them together; ``walls`` are in milliseconds."""
        exact = frozenset(given)
        shown = set(exact)
        skipped: set[int] = set()
        fires: set[int] = set()
        for wall in walls:
            before, after = zone.offsets_of(wall // 1000)
            moments = moments_of(wall, zone, policy)
            if before < after:
                skipped.add(wall)
                fires.update(moments)
            else:
                shown.update(moments)
        return cls(
            exact,
            frozenset(shown),
            frozenset(skipped),
            frozenset(shown | fires),
            frozenset(days),
        )

    def takes(self, wall_ms: int, at_ms: int | None, *, is_shown: bool) -> bool:
        """Whether the occurrence of a wall time, which fires at a moment or not, is excluded.

        ``is_shown``: the clock shows that time, it does not skip it.
        """
        if at_ms in self.given or wall_ms // _DAY_MS in self.days:
            return True
        return at_ms in self.shown if is_shown else wall_ms in self.skipped


@dataclass(frozen=True, slots=True)
class Parts:
    """What a schedule is put together from; moments are ms UTC."""

    series: tuple[Series, ...]
    included: Inclusions
    excluded: Exclusions
    excluding: tuple[Series, ...]
    covering: tuple[bool, ...]
    """For each excluding series, whether it takes every occurrence of an hour of which it takes
    one, so that a walk goes on behind that hour (or that day, if it has all hours)."""
    zone: Zone

    def is_kept(self, at_ms: int, stretch: Stretch) -> bool:
        """Whether an occurrence early in a stretch is one for a time that is not excluded.

        There, one moment can stand for several wall times, of which each is excluded by itself.
        """
        return next(self.walls_at(at_ms, stretch), None) is not None

    def walls_at(self, at_ms: int, stretch: Stretch) -> Iterator[int]:
        """List the wall times, not excluded, for which an occurrence early in a stretch fires."""
        shown = at_ms + stretch.offset * 1000
        for wall in self._all_walls_at(at_ms, shown, stretch):
            if not self.excluded.takes(wall, at_ms, is_shown=wall == shown):
                yield wall

    def _all_walls_at(self, at_ms: int, shown: int, stretch: Stretch) -> Iterator[int]:
        if at_ms in self.included.skipped:
            yield from self.included.skipped[at_ms]
        elif at_ms in self.included.moments:
            yield shown
        for one in self.series:
            if one.ceil(at_ms) != at_ms:
                continue
            if isinstance(one, WallSeries) and not one.policy.elapsed:
                for wall in one.walls_at(at_ms, stretch):
                    yield wall * 1000 + one.fraction_ms
            else:
                yield shown
