"""What an overview tells: counts, lateness, failures, targets. Values, made of occurrences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.domain.event import Event
from app.domain.occurrence import Occurrence
from app.store.figures import MINUTE_MS
from app.store.lateness import MinuteOfLateness


@dataclass(frozen=True, slots=True)
class Minutes:
    """Occurrences by the minute for which they were scheduled, oldest first.

    ``counts`` has a list of numbers for each status, one for each step: a minute, or ``step_ms``.
    ``is_whole``: all are counted, and not just the newest.
    """

    first_ms: int
    counts: dict[str, list[int]]
    is_whole: bool
    step_ms: int = MINUTE_MS

    def total(self, *statuses: str) -> int:
        """How many there are in these statuses."""
        return sum(sum(self.counts.get(status, ())) for status in statuses)

    @property
    def success(self) -> float | None:
        """The part of those that were attempted and have ended that is completed."""
        done, failed = self.total("completed"), self.total("failed")
        return done / (done + failed) if done + failed else None


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late first attempts began, ms, of the newest ``size`` deliveries that needed one."""

    p50: int
    p99: int
    most: int
    size: int


def lateness_of(found: Sequence[Occurrence]) -> Lateness | None:
    """How late those began that needed one attempt and were not put off; ``None``: there is none.

    Callbacks count as what they are: deliveries.
    """
    late = sorted(
        max(one.started_ms - one.planned_ms, 0)
        for one in found
        if one.started_ms is not None and one.attempt_count == 1 and not one.deferral_count
    )
    if not late:
        return None
    return Lateness(late[len(late) // 2], late[len(late) * 99 // 100], late[-1], len(late))


@dataclass(frozen=True, slots=True)
class LatenessStep:
    """How late first attempts began, ms, of what ended in one step: the median, and the worst p99.

    ``None``: nothing is noted of it.
    """

    p50: int | None = None
    p99: int | None = None


def lateness_by_step(
    noted: Sequence[MinuteOfLateness], first_ms: int, steps: int, step_ms: int
) -> list[LatenessStep]:
    """Put minutes together: of their medians the middle one, of their p99 the worst."""
    of_step: list[list[MinuteOfLateness]] = [[] for _ in range(steps)]
    for one in noted:
        at = (one.minute_ms - first_ms) // step_ms
        if 0 <= at < steps:
            of_step[at].append(one)
    return [
        LatenessStep(sorted(one.p50 for one in some)[len(some) // 2], max(one.p99 for one in some))
        if some
        else LatenessStep()
        for some in of_step
    ]


@dataclass(frozen=True, slots=True)
class Failing:
    """Occurrences that failed in the same way at one target."""

    target: str
    error: str
    count: int
    first_ms: int
    last_ms: int
    statuses: tuple[str, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class OfTarget:
    """How a target has fared, by the newest occurrences of each status.

    ``took_p50`` and ``took_p99`` are ms from the start of the first attempt to the end, of those
    that needed one attempt; ``None`` if there are none.
    """

    target: str
    under_way: int
    completed: int
    failed: int
    retrying: int
    took_p50: int | None
    took_p99: int | None

    @property
    def success(self) -> float | None:
        """The part of those that have ended that is completed."""
        ended = self.completed + self.failed
        return self.completed / ended if ended else None


@dataclass(frozen=True, slots=True)
class OfEvent:
    """An occurrence and its event; ``None``: that was deleted, or has left the scope."""

    occurrence: Occurrence
    event: Event | None


def host_of(target: str) -> str:
    """Host and port of a URL; what is not reached at one is a target by itself."""
    return urlsplit(target).netloc or target


def failing_of(
    target: str, error: str, members: Sequence[Occurrence], events: dict[bytes, Event]
) -> Failing:
    """What failed in the same way, and the events that failed most so."""
    often = Counter(one.event_id for one in members).most_common(5)
    return Failing(
        target,
        error,
        len(members),
        min(one.scheduled_ms for one in members),
        max(one.scheduled_ms for one in members),
        tuple(sorted({one.status.value for one in members})),
        tuple(events[event_id] for event_id, _ in often if event_id in events),
    )


def target_of(target: str, members: Sequence[Occurrence]) -> OfTarget:
    """How a target has fared by these occurrences."""
    often = Counter(one.status.value for one in members)
    took = sorted(
        one.completed_ms - one.started_ms
        for one in members
        if one.status == "completed" and one.attempt_count == 1
        if one.started_ms is not None and one.completed_ms is not None
    )
    return OfTarget(
        target,
        often["dispatched"],
        often["completed"],
        often["failed"],
        often["retrying"],
        took[len(took) // 2] if took else None,
        took[len(took) * 99 // 100] if took else None,
    )
