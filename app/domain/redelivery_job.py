"""The retry job: many dead letters attempted again, at a pace, with a brake.

A job goes forward in steps. Each hands on what the one before has planned, looks at what became
of those handed on, and plans the next. What is planned is stored before it is done: a step that
is repeated, or begun by two, does the same again, and nothing is handed on twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.access import Access
from app.domain.rates import parse_rate

RUNNING = "running"
RETRYABLE = ("failed", "missed", "skipped", "cancelled")
"""The statuses from which an occurrence can be attempted again; ``completed`` needs none."""

CHUNK = 256
"""Occurrences of one step."""

AHEAD_MS = 15_000
"""At a given rate, occurrences are handed on so long before they are due: longer than it takes
until somebody goes on with a job whose worker died."""

WATCHED = 1_000
"""How many of those handed on are looked at until their first new attempt is over."""

PROBE = 50
"""With a brake, no more than so many are under way before it can be judged."""

JUDGED_FROM = 20
"""So many must be over before the brake is judged."""


@dataclass(frozen=True, slots=True)
class RedeliveryFilter:
    """Which occurrences. Bounds on the scheduled time are ms UTC, both inclusive."""

    tags: tuple[str, ...] = ()
    match_all: bool = False
    event_id: str | None = None
    status: str = "failed"
    from_ms: int | None = None
    to_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RedeliveryRequest:
    """What is asked for. ``rate`` is as in ``10/s``; ``stop_at`` is above 0 and at most 1."""

    filter: RedeliveryFilter
    oldest_first: bool = True
    rate: str | None = None
    stop_at: float | None = None


@dataclass(frozen=True, slots=True)
class RedeliveryJob:
    """A wish, in whose name, and how far it has come. Times are ms UTC.

    ``planned`` are occurrences and when they are due, not yet handed on. ``watched`` were handed
    on, and their first new attempt is not over. ``position`` is the last one looked at, as (score,
    member) of the index; ``is_read``: there are no more. The pace counts ``paced`` occurrences
    from ``paced_from_ms`` on.
    """

    id: bytes
    wish: RedeliveryRequest
    access: Access
    created_ms: int
    updated_ms: int
    total: int
    status: str = RUNNING
    reason: str | None = None
    ended_ms: int | None = None
    retried: int = 0
    completed: int = 0
    failed: int = 0
    position: tuple[int, bytes] | None = None
    is_read: bool = False
    planned: tuple[tuple[bytes, int], ...] = ()
    watched: tuple[bytes, ...] = ()
    paced_from_ms: int = 0
    paced: int = 0

    @property
    def error_rate(self) -> float | None:
        """Which part of those whose first new attempt is over has failed it."""
        over = self.completed + self.failed
        return self.failed / over if over else None

    @property
    def is_running(self) -> bool:
        """Whether anything is left to do."""
        return self.status == RUNNING

    def room(self, now_ms: int) -> int:
        """How many may be planned now."""
        room = CHUNK
        if self.wish.stop_at is not None:
            judged = self.completed + self.failed >= JUDGED_FROM
            room = min(room, (WATCHED if judged else PROBE) - len(self.watched))
        if self.wish.rate is not None:
            rate = parse_rate(self.wish.rate)
            paced_from, paced = self._pace(now_ms)
            until = now_ms + AHEAD_MS - paced_from
            room = min(room, until * rate.count // rate.period_ms + 1 - paced)
        return 0 if self.is_read else max(room, 0)

    def plan(
        self, found: Sequence[bytes], position: tuple[int, bytes] | None, now_ms: int
    ) -> RedeliveryJob:
        """Plan to hand these on; ``position`` is where to go on, ``None``: nowhere."""
        paced_from, paced = self._pace(now_ms)
        if self.wish.rate is None:
            planned = tuple((one, now_ms) for one in found)
        else:
            planned = tuple(
                (one, self._slot(paced_from, paced + at)) for at, one in enumerate(found)
            )
        return replace(
            self,
            planned=planned,
            paced_from_ms=paced_from,
            paced=paced + len(found),
            position=position or self.position,
            is_read=position is None,
        )

    def handed_on(self, retried: Sequence[bytes]) -> RedeliveryJob:
        """Note that of what was planned these were handed on; too old ones are not watched."""
        watched = (*self.watched, *retried)[-WATCHED:]
        return replace(self, planned=(), retried=self.retried + len(retried), watched=watched)

    def judged(self, watched: Sequence[bytes], completed: int, failed: int) -> RedeliveryJob:
        """Note what is still watched and what has become of the others."""
        return replace(
            self,
            watched=tuple(watched),
            completed=self.completed + completed,
            failed=self.failed + failed,
        )

    def settled(self, now_ms: int) -> RedeliveryJob:
        """End the job if its brake says so, or if nothing is left to do."""
        over, error_rate = self.completed + self.failed, self.error_rate
        limit = self.wish.stop_at
        if (
            limit is not None
            and error_rate is not None
            and over >= JUDGED_FROM
            and error_rate >= limit
        ):
            return self.ended("stopped", now_ms, f"{self.failed} of {over} failed again")
        if self.is_read and not self.planned and not self.watched:
            return self.ended("completed", now_ms)
        return self

    def ended(self, status: str, now_ms: int, reason: str | None = None) -> RedeliveryJob:
        """End the job; what was handed on goes its way."""
        return replace(self, status=status, reason=reason, ended_ms=now_ms, planned=(), watched=())

    def _pace(self, now_ms: int) -> tuple[int, int]:
        """From when, and how many since: who fell behind does not catch up all at once."""
        if self.wish.rate is None or self._slot(self.paced_from_ms, self.paced) < now_ms:
            return now_ms, 0
        return self.paced_from_ms, self.paced

    def _slot(self, paced_from_ms: int, number: int) -> int:
        rate = parse_rate(self.wish.rate or "")
        return paced_from_ms + number * rate.period_ms // rate.count
