"""Hot spots: minutes in which far more is planned than usual, and what would spread it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.event import Event
from app.services.overview_parts import host_of

MINUTE_MS = 60_000
LEAST = 10
"""Deliveries in a minute below which nothing is a hot spot, and of how many events: in a sample,
fewer meet by chance."""

FACTOR = 2
"""How many times the usual number it has."""

TOLD = 5
"""Hot spots that are told, the hottest first, and events and targets that are named of each."""

JITTERS = (2, 5, 10, 15, 30, 60)
"""What is suggested, in minutes: the shortest that helps."""


@dataclass(slots=True)
class PlannedMinutes:
    """One event: the minutes in which it occurs, or how often in each from ``steady_from`` on.

    ``weight`` is how many events it stands for. ``gap_ms`` is its shortest interval.
    """

    event: Event
    weight: float
    minutes: list[int] = field(default_factory=list)
    gap_ms: float = 0
    steady: float = 0.0
    steady_from: int = 0
    is_average: bool = False

    def go_on(
        self, at_ms: int, gap_ms: float, first_ms: int, until_ms: int, *, is_average: bool = False
    ) -> None:
        """Occur at this interval until a moment; what is denser than a minute is a steady rate."""
        begin = max(at_ms - first_ms, 0) // MINUTE_MS
        if gap_ms <= MINUTE_MS or is_average:
            self.steady, self.steady_from = MINUTE_MS / gap_ms, begin
            self.is_average = is_average or MINUTE_MS % gap_ms != 0
            return
        at, step = max(at_ms, first_ms) - first_ms, int(gap_ms)
        self.minutes += [one // MINUTE_MS for one in range(at, until_ms - first_ms, step)]

    def count_into(self, counts: list[float], scale: float) -> None:
        """Add its deliveries of single minutes."""
        weight = self.weight * scale
        for minute in self.minutes:
            counts[minute] += weight


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A jitter (``minutes``) for so many of the events; ``peak`` would be left in a minute."""

    minutes: int
    events: float
    peak: float


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A minute, and in how many others of the day the same events meet (``times``, itself too)."""

    minute: int
    count: float
    times: int
    targets: Sequence[tuple[str, float]]
    events: Sequence[Event]
    suggestion: Suggestion | None


def find_hot_spots(
    members: Sequence[PlannedMinutes], per_minute: Sequence[float], scale: float = 1.0
) -> Sequence[HotSpot]:
    """The hottest first. Where the same events meet again and again, that is one."""
    usual = sum(per_minute) / max(len(per_minute), 1)
    hot = {
        minute
        for minute, count in enumerate(per_minute)
        if count >= LEAST and count >= FACTOR * usual
    }
    of_minute: dict[int, list[int]] = {minute: [] for minute in hot}
    for at, one in enumerate(members):
        for minute in hot.intersection(one.minutes):
            of_minute[minute].append(at)
    found: dict[tuple[int, ...], list[int]] = {}
    for minute in sorted(hot, key=lambda one: (-per_minute[one], one)):
        if len(of_minute[minute]) >= LEAST:
            found.setdefault(tuple(of_minute[minute]), []).append(minute)
    return [
        _hot_spot([members[at] for at in who], minutes, per_minute, usual, scale)
        for who, minutes in list(found.items())[:TOLD]
    ]


def _hot_spot(
    who: Sequence[PlannedMinutes],
    minutes: Sequence[int],
    per_minute: Sequence[float],
    usual: float,
    scale: float,
) -> HotSpot:
    targets: dict[str, float] = {}
    for one in who:
        target = host_of(one.event.action.target)
        targets[target] = targets.get(target, 0.0) + one.weight * scale
    minute, count = minutes[0], per_minute[minutes[0]]
    return HotSpot(
        minute,
        count,
        len(minutes),
        sorted(targets.items(), key=lambda one: (-one[1], one[0]))[:TOLD],
        [one.event for one in who[:TOLD]],
        _suggestion(who, count, usual, scale),
    )


def _suggestion(
    who: Sequence[PlannedMinutes], count: float, usual: float, scale: float
) -> Suggestion | None:
    enough = max(2 * usual, count / 4)
    for minutes in JITTERS:
        movable = [one for one in who if _may_be_spread(one, minutes)]
        events = sum(one.weight for one in movable) * scale
        peak = count - events + events / minutes
        if movable and peak <= enough:
            return Suggestion(minutes, events, peak)
    return None


def _may_be_spread(one: PlannedMinutes, minutes: int) -> bool:
    """Whether this jitter would leave the event most of its interval."""
    is_series = one.event.schedule is not None
    return is_series and not one.event.options.jitter_ms and one.gap_ms >= 2 * minutes * MINUTE_MS
