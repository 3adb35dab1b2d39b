"""Retention by count and by size: how many of an event are kept, and how many bytes of the store.

Both delete ended occurrences that are younger than retention by age would. What is deleted goes
into the archive before, if there is one.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from app.archive.files import MAX_RECORDS
from app.domain.event import EventStatus
from app.engine.archiving import Archiving
from app.engine.time_limit import TimeLimit
from app.store.calls import BATCH
from app.store.coordination import Coordination
from app.store.history_size import HistorySizes
from app.store.occurrences import OccurrenceStore
from app.store.past import Ending, PastStore
from app.store.shards import each_there, if_there
from app.store.sweep import EventSweep

LOOKED_AT = 20_000
"""How many events of each status one run looks at; the next goes on there."""

FROM_ONE_EVENT = 4_096
"""How many of one event go in one run."""

LEFT = 0.95
"""When history is too large, it is made smaller than the limit by a twentieth: so it takes files of
a good size, and a run that finds it too large comes seldom."""

AT_ONCE = 8
"""From how many events what goes is read together: some ten thousand occurrences at most."""

HOUR_MS = 3_600_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HistoryLimits:
    """``per_event``: occurrences; ``max_bytes``: of the store's memory, about; 0: no limit."""

    past: PastStore
    occurrences: OccurrenceStore
    sweep: EventSweep
    sizes: HistorySizes
    coordination: Coordination
    per_event: int
    max_bytes: int
    archiving: Archiving | None

    def run(self, partitions: Sequence[int], now_ms: int, until: TimeLimit) -> int:
        """Delete what is too much, for as long as there is time; returns how many.

        Raises ``ArchiveFailed``.
        """
        trim = partial(self._trim, now_ms, until)
        deleted = each_there(partitions if self.per_event else (), trim)
        if self.max_bytes and not until.is_over():
            deleted += self._shrink(partitions, now_ms, until)
        return deleted

    def _trim(self, now_ms: int, until: TimeLimit, partition: int) -> int:
        deleted = 0
        for status in EventStatus:
            if not until.is_over():
                deleted += self._trim_events(partition, status.value, now_ms, until)
        return deleted

    def _trim_events(self, partition: int, status: str, now_ms: int, until: TimeLimit) -> int:
        """Go on looking through the events of one status; with an archive, once an hour.

        Else each run would write a file for the little that has come since the last one.
        """
        place = f"{partition}:count:{status}"
        began, _, cursor = self.coordination.sweep_cursor(place).partition(" ")
        if not cursor:
            if self.archiving and began and now_ms < int(began) + HOUR_MS:
                return 0
            began = str(now_ms)
        beyond: list[Ending] = []
        for _ in range(0, LOOKED_AT, BATCH):
            found = self.sweep.events(partition, status, cursor, BATCH)
            if not self._add_beyond(beyond, partition, found.suspects, until):
                cursor = cursor or "0"  # the next run looks at these again
                break
            cursor = found.cursor
            if not cursor:
                break
        deleted = self._delete(partition, beyond, now_ms, until)
        self.coordination.move_sweep(place, f"{began} {cursor}")
        return deleted

    def _add_beyond(
        self, beyond: list[Ending], partition: int, event_ids: Sequence[bytes], until: TimeLimit
    ) -> bool:
        """Add what goes of some events; whether there was room and time to look at all of them."""
        for at in range(0, len(event_ids), AT_ONCE):
            if len(beyond) >= MAX_RECORDS or until.is_over():
                return False
            beyond += self._beyond(partition, event_ids[at : at + AT_ONCE])
        return True

    def _beyond(self, partition: int, event_ids: Sequence[bytes]) -> Iterator[Ending]:
        """What has ended of the events and is not among the newest of its event.

        What was brought back from the archive stays, whatever else there is.
        """
        ids = self.past.beyond(partition, event_ids, self.per_event, FROM_ONE_EVENT)
        for at in range(0, len(ids), BATCH):
            found = [one.occurrence for one in self.occurrences.past(ids[at : at + BATCH]) if one]
            endings = [Ending(one.completed_ms, one.id) for one in found if one.completed_ms]
            yield from self.past.not_brought_back(partition, endings)

    def _shrink(self, partitions: Sequence[int], now_ms: int, until: TimeLimit) -> int:
        """Delete the oldest of each partition, by its share, if all of them take too much."""
        found = {one: if_there(partial(self.sizes.of, one, now_ms)) for one in partitions}
        sizes = {partition: size for partition, size in found.items() if size is not None}
        size = sum(one.bytes for one in sizes.values())
        if size <= self.max_bytes:
            return 0
        share = 1 - LEFT * self.max_bytes / size
        _log.info("history takes about %s bytes: the oldest %.1f %% of it go", size, 100 * share)

        def shrink(partition: int) -> int:
            if until.is_over():
                return 0
            most = min(math.ceil(sizes[partition].occurrences * share), MAX_RECORDS)
            oldest = list(islice(self.past.oldest(partition, now_ms), most))
            return self._delete(partition, oldest, now_ms, until)

        return each_there(sizes, shrink)

    def _delete(
        self, partition: int, endings: Sequence[Ending], now_ms: int, until: TimeLimit
    ) -> int:
        if self.archiving is None:
            return self.past.delete(partition, endings)
        left, moved = iter(endings), 0
        while some := self.archiving.move_endings(partition, left, now_ms, until):
            moved += some
            if until.is_over():
                break
        return moved
