"""Retention: ended occurrences and inactive events are kept for a time, then deleted.

Limits may take ended occurrences before, see ``history_limits``. With an archive all go there
first; while that takes no files, nothing of them is deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from app.archive.names import DAY_MS, HOUR_MS
from app.archive.place import ArchiveFailed
from app.engine.archiving import Archiving
from app.engine.time_limit import TimeLimit, never
from app.services.event_writes import is_written
from app.store.archive_notes import ArchiveNotes
from app.store.calls import BATCH
from app.store.events import EventStore
from app.store.shards import each_there, if_there
from app.store.sweep import EventSweep
from app.store.work import WorkStore

BUDGET_S = 20.0
"""How long one run works, in batches of a millisecond or two; the next run does the rest."""

STEPS = 24
"""With an archive, records go in this many steps in the time for which they are kept, so that its
files are few; an hour or a day apart at most."""

MINUTE_MS = 60_000
TRY_EVERY = 5
"""An archive that has failed for so many minutes is tried once in as many."""

_log = logging.getLogger(__name__)


class Limits(Protocol):
    """See ``HistoryLimits``."""

    def run(self, partitions: Sequence[int], now_ms: int, until: TimeLimit, /) -> int:
        """Delete what is too much; returns how many. Raises ``ArchiveFailed``."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long to keep what has ended; ``occurrences_ms`` and ``events_ms`` are milliseconds."""

    work: WorkStore
    events: EventStore
    sweep: EventSweep
    occurrences_ms: int
    events_ms: int
    notes: ArchiveNotes
    limits: Limits
    others: tuple[Callable[[int], int], ...] = ()
    """Deletes other kinds of old records; each is given the present moment, ms UTC."""

    archiving: Archiving | None = None
    is_stopping: Callable[[], bool] = never
    """Whether the process was told to stop."""

    def run(self, now_ms: int) -> int:
        """Delete what is old enough, or too much; returns how many records were deleted."""
        until = TimeLimit(BUDGET_S, self.is_stopping)
        deleted = 0 if self._leaves_alone(now_ms) else self._history(now_ms, until)
        for other in self.others:
            deleted += if_there(partial(_repeat, partial(other, now_ms), until)) or 0
        return deleted

    def _history(self, now_ms: int, until: TimeLimit) -> int:
        deleted = 0
        try:
            deleted += self._by_age(now_ms, until)
            deleted += self.limits.run(self._in_turn(now_ms), now_ms, until)
        except ArchiveFailed as error:
            self._tell(error, now_ms)
        else:
            if self.archiving is not None:
                self.notes.works()
        return deleted

    def _leaves_alone(self, now_ms: int) -> bool:
        """Whether the archive has failed for long and is not to be tried in this minute.

        A place that is away may take half a minute to say so, and other upkeep waits.
        """
        if self.archiving is None or now_ms // MINUTE_MS % TRY_EVERY == 0:
            return False
        failing = self.notes.failing()
        return failing is not None and now_ms - failing.since_ms > TRY_EVERY * MINUTE_MS

    def _tell(self, error: ArchiveFailed, now_ms: int) -> None:
        if not self.notes.fails(error.reason, now_ms):
            _log.error(
                "the archive takes no files (%s): what is too old stays in the store",
                error.reason,
            )

    def _by_age(self, now_ms: int, until: TimeLimit) -> int:
        if self.archiving is None:
            return self._delete(now_ms, until)
        archive = partial(self._archive_partition, self.archiving, now_ms, until)
        return each_there(self._in_turn(now_ms), archive)

    def _delete(self, now_ms: int, until: TimeLimit) -> int:
        delete = partial(self._delete_in, now_ms, until)
        return each_there(range(self.work.partitions), delete)

    def _delete_in(self, now_ms: int, until: TimeLimit, partition: int) -> int:
        ended_before = now_ms - self.occurrences_ms
        delete = partial(self.work.delete_ended, partition, ended_before, BATCH)
        deleted = _repeat(delete, until)
        return deleted + _repeat(partial(self._events, partition, now_ms), until)

    def _in_turn(self, now_ms: int) -> list[int]:
        """The partitions, each time from another on: none waits for what others have too much."""
        count = self.work.partitions
        first = now_ms // MINUTE_MS % count
        return [(first + number) % count for number in range(count)]

    def _archive_partition(
        self, archiving: Archiving, now_ms: int, until: TimeLimit, partition: int
    ) -> int:
        if until.is_over():
            return 0
        ended_before = stepped(now_ms, self.occurrences_ms, HOUR_MS)
        changed_before = stepped(now_ms, self.events_ms, DAY_MS)
        moved = 0
        while some := archiving.move_endings(
            partition, archiving.past.oldest(partition, ended_before), now_ms, until
        ):
            moved += some
            if until.is_over():
                return moved
        while some := archiving.move_events(partition, changed_before, now_ms, until):
            moved += some
            if until.is_over():
                break
        return moved

    def _events(self, partition: int, now_ms: int) -> int:
        old = self.sweep.inactive(partition, now_ms - self.events_ms, BATCH)
        deleted = 0
        for event in self.events.get_many(old):
            if event is not None:
                saved = self.events.delete(event, any_version=False, now_ms=now_ms)
                deleted += is_written(saved)
        return deleted


def stepped(now_ms: int, kept_ms: int, longest_ms: int) -> int:
    """Before which moment to archive what is kept so long; it moves on in steps.

    What ended in one step goes together, once the youngest of it is old enough.
    """
    step_ms = max(1, min(longest_ms, kept_ms // STEPS))
    return (now_ms - kept_ms) // step_ms * step_ms


def _repeat(forget: Callable[[], int], until: TimeLimit) -> int:
    """Repeat while batches are full and there is time; returns how many were deleted."""
    deleted = 0
    while True:
        count = forget()
        deleted += count
        if count < BATCH or until.is_over():
            return deleted
