"""Moves what is too old from the store into the archive: first written, read again, then deleted.

A worker may be killed in between. Then the next run writes the same records once more. Who reads
the archive gets each of them once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from app.archive.archive import Archive
from app.archive.files import MAX_RAW, MAX_RECORDS, FileWriter
from app.archive.names import EVENTS, OCCURRENCES, event_slot_of, slot_of
from app.archive.records import event_line, occurrence_line
from app.domain import ids
from app.domain.event import Event
from app.domain.times import to_rfc3339
from app.engine.time_limit import TimeLimit
from app.services.event_writes import is_written
from app.store.calls import BATCH
from app.store.events import EventStore
from app.store.occurrences import OccurrenceStore
from app.store.past import Ending, PastStore
from app.store.sweep import EventSweep

MAX_EVENTS = 4_096
"""Events that are written together."""

WRITE_S = 30.0
"""How long files are written that were put together: each has one hour of one partition, and a
place may take a second for each."""

Item = TypeVar("Item")


@dataclass(slots=True)
class _Files(Generic[Item]):
    """Files that are put together, one for each partition that ids name and slot.

    Each has what goes once it is written.
    """

    holds: str
    writers: dict[tuple[int, str], FileWriter] = field(default_factory=dict)
    items: dict[tuple[int, str], list[Item]] = field(default_factory=dict)

    @property
    def are_full(self) -> bool:
        writers = self.writers.values()
        count, raw = sum(one.count for one in writers), sum(one.raw for one in writers)
        return count >= MAX_RECORDS or raw >= MAX_RAW

    def add(
        self, place: tuple[int, str], item: Item, line: bytes, scheduled_at: str | None = None
    ) -> None:
        if place not in self.writers:
            self.writers[place] = FileWriter(self.holds, *place)
            self.items[place] = []
        self.writers[place].add(line, scheduled_at)
        self.items[place].append(item)

    def kept(self, archive: Archive, now_ms: int, until: TimeLimit) -> Iterator[list[Item]]:
        """Write file after file; what each has, once it is written. Raises ``ArchiveFailed``.

        What is not written within ``WRITE_S``, or before the process stops, stays where it is.
        """
        until = TimeLimit(WRITE_S, until.is_stopping)
        for number, place in enumerate(sorted(self.writers)):
            if number and until.is_over():
                return
            archive.keep(self.writers.pop(place), now_ms)
            yield self.items.pop(place)


@dataclass(frozen=True, slots=True)
class Archiving:
    """Moves records; every call raises ``ArchiveFailed``, and then what is left is not deleted."""

    archive: Archive
    past: PastStore
    occurrences: OccurrenceStore
    events: EventStore
    sweep: EventSweep

    def move_endings(
        self, partition: int, endings: Iterable[Ending], now_ms: int, until: TimeLimit
    ) -> int:
        """Move occurrences that have ended, as many as fit into a file; returns how many.

        Fewer if its time is over meanwhile; a few hundred at least. 0: there were none.
        """
        files = _Files[Ending](OCCURRENCES)
        gone: list[Ending] = []
        listed = iter(endings)
        while some := list(islice(listed, BATCH)):
            found = self.occurrences.past([one.occurrence_id for one in some])
            for ending, past in zip(some, found, strict=True):
                if past is None:
                    gone.append(ending)  # it has been deleted, or redelivered: then it stays
                    continue
                one = past.occurrence
                slot = slot_of(ending.at_ms if one.completed_ms is None else one.completed_ms)
                place = ids.named_in_occurrence(one.id), slot
                files.add(place, ending, occurrence_line(past), to_rfc3339(one.scheduled_ms))
            if files.are_full or until.is_over():
                break
        moved = self.past.delete(partition, gone)
        for written in files.kept(self.archive, now_ms, until):
            moved += self.past.delete(partition, written)
        return moved

    def move_events(self, partition: int, before_ms: int, now_ms: int, until: TimeLimit) -> int:
        """Move events that have been inactive since before a moment; returns how many."""
        files = _Files[Event](EVENTS)
        listed = iter(self.sweep.inactive(partition, before_ms, MAX_EVENTS))
        while not files.are_full and (some := list(islice(listed, BATCH))):
            for event in self.events.get_many(some):
                if event is not None:
                    place = ids.named_in_event(event.id), event_slot_of(event.updated_ms)
                    files.add(place, event, event_line(event))
        moved = 0
        for written in files.kept(self.archive, now_ms, until):
            for event in written:
                saved = self.events.delete(event, any_version=False, now_ms=now_ms)
                moved += is_written(saved)
        return moved
