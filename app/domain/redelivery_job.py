"""The redelivery job: redelivers many dead letters, at a rate, and stops if too many fail again.

A job works in steps. Each step redelivers the occurrences that the step before has planned, counts
the outcomes of those redelivered earlier, and plans the next ones. The plan is stored before it is
carried out: a step that is repeated, or run by two workers, does the same, and no occurrence is
redelivered twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.access import Access, Credential
from app.domain.rates import parse_rate

RUNNING = "running"
RETRYABLE = ("failed", "missed", "skipped", "cancelled")
"""The statuses from which an occurrence can be attempted again; ``completed`` needs none."""

CHUNK = 256
"""The largest number of occurrences in one step."""

AHEAD_MS = 1_000
"""With a rate, occurrences are redelivered so long before they are due at the most: who cancels the
job stops all but these."""

LOOK_MS = 1_000
"""How soon to look again at a job that waits for outcomes."""

IDLE_LOOK_MS = 5_000
"""How soon to look again at a job that waits for nothing but its rate, if that is slow."""

SOON_MS = 250
"""How soon to look again at the earliest."""

WATCHED = 1_000
"""How many redelivered occurrences are watched until their first new attempt has ended; no more
are handed on: who ends the job stops all the others."""

PROBE = 50
"""With ``stop_at``, no more than so many are watched or have failed before there are
``JUDGED_FROM`` outcomes."""

JUDGED_FROM = 20
"""The error rate counts from so many outcomes on."""


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
    """A request, whose access it has, and its progress. Times are ms UTC.

    ``planned`` are occurrences, and when they are due, that are not redelivered yet. ``watched``
    were redelivered, and their first new attempt has not ended. ``position`` is the last
    occurrence that was read, as (score, member) of the index; ``is_read`` if there are no more.
    The rate counts ``paced`` occurrences since ``paced_from_ms``. The job ends with the token that
    asked for it, ``credential``; ``None``: that is the master token.
    """

    id: bytes
    request: RedeliveryRequest
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
    credential: Credential | None = None

    @property
    def error_rate(self) -> float | None:
        """The fraction of ended first new attempts that have failed."""
        ended = self.completed + self.failed
        return self.failed / ended if ended else None

    @property
    def is_running(self) -> bool:
        """Whether anything is left to do."""
        return self.status == RUNNING

    def room(self, now_ms: int) -> int:
        """How many may be planned now."""
        room = min(CHUNK, WATCHED - len(self.watched))
        if self.request.stop_at is not None:
            judged = self.completed + self.failed >= JUDGED_FROM
            room = min(room, (WATCHED if judged else PROBE - self.failed) - len(self.watched))
        if self.request.rate is not None:
            rate = parse_rate(self.request.rate)
            paced_from, paced = self._pace(now_ms)
            until = now_ms + AHEAD_MS - paced_from
            room = min(room, until * rate.count // rate.period_ms + 1 - paced)
        return 0 if self.is_read else max(room, 0)

    def look_ms(self, now_ms: int) -> int:
        """When a job that has to wait can take its next step."""
        look_ms = now_ms + (LOOK_MS if self.watched else IDLE_LOOK_MS)
        if len(self.watched) >= WATCHED:
            look_ms = now_ms + SOON_MS
        if self.request.rate is not None and not self.is_read:
            # Half of the time ahead is left for whoever takes that step.
            planned_until_ms = self._slot(self.paced_from_ms, self.paced)
            look_ms = min(look_ms, planned_until_ms - AHEAD_MS // 2)
        return max(look_ms, now_ms + SOON_MS)

    def plan(
        self, found: Sequence[bytes], position: tuple[int, bytes] | None, now_ms: int
    ) -> RedeliveryJob:
        """Plan to redeliver these; ``position`` is where to continue, ``None`` at the end."""
        paced_from, paced = self._pace(now_ms)
        if self.request.rate is None:
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

    def redelivered(self, retried: Sequence[bytes]) -> RedeliveryJob:
        """Note which of the planned were redelivered; the oldest beyond ``WATCHED`` are let go."""
        watched = (*self.watched, *retried)[-WATCHED:]
        return replace(self, planned=(), retried=self.retried + len(retried), watched=watched)

    def counted(self, watched: Sequence[bytes], completed: int, failed: int) -> RedeliveryJob:
        """Note which are still watched, and count the outcomes of the others."""
        return replace(
            self,
            watched=tuple(watched),
            completed=self.completed + completed,
            failed=self.failed + failed,
        )

    def settled(self, now_ms: int) -> RedeliveryJob:
        """End the job if too many have failed again, or if nothing is left to do."""
        ended, error_rate = self.completed + self.failed, self.error_rate
        limit = self.request.stop_at
        if (
            limit is not None
            and error_rate is not None
            and ended >= JUDGED_FROM
            and error_rate >= limit
        ):
            return self.ended("stopped", now_ms, f"{self.failed} of {ended} failed again")
        if self.is_read and not self.planned and not self.watched:
            return self.ended("completed", now_ms)
        return self

    def ended(self, status: str, now_ms: int, reason: str | None = None) -> RedeliveryJob:
        """End the job; occurrences that were redelivered are attempted all the same."""
        return replace(self, status=status, reason=reason, ended_ms=now_ms, planned=())

    def _pace(self, now_ms: int) -> tuple[int, int]:
        """From when, and how many since: who fell behind does not catch up all at once."""
        if self.request.rate is None or self._slot(self.paced_from_ms, self.paced) < now_ms:
            return now_ms, 0
        return self.paced_from_ms, self.paced

    def _slot(self, paced_from_ms: int, number: int) -> int:
        rate = parse_rate(self.request.rate or "")
        return paced_from_ms + number * rate.period_ms // rate.count
