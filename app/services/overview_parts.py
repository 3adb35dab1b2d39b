"""What an overview tells: minutes, lateness, failures, targets. Values, made of occurrences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.domain.event import Event
from app.domain.occurrence import Occurrence


@dataclass(frozen=True, slots=True)
class Minutes:
    """Occurrences by the minute for which they were scheduled, oldest first.

    ``counts`` has a list of ``MINUTES`` numbers for each status. ``is_whole``: all are counted,
    and not just the newest.
    """

    first_ms: int
    counts: dict[str, list[int]]
    is_whole: bool

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
