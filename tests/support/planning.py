"""Stand-ins for what plans successors: stores that note, and timetables that cost what is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.budget import current
from app.domain.definition import Definition
from app.domain.event import Event
from app.domain.timetable import Firing, Skipped
from app.store.calls import Advanced, Successor, Unattempted
from tests.support.clock import NOW_MS

DAY_MS = 86_400_000
SPREAD_MS = 7
"""How much later than its time a ``Daily`` has an occurrence attempted."""


class Events:
    """Knows some events, and which occurrence was claimed last; see ``EventStore``."""

    def __init__(self) -> None:
        self.known: dict[bytes, Event] = {}
        self.last: dict[bytes, int | None] = {}
        self.reads = 0

    def add(self, event: Event, last_ms: int | None = None) -> bytes:
        self.known[event.id] = event
        self.last[event.id] = last_ms
        return event.id

    def get_many(self, event_ids: Sequence[bytes]) -> list[Event | None]:
        self.reads += 1
        return [self.known.get(each) for each in event_ids]

    def progress(self, event_ids: Sequence[bytes]) -> list[tuple[bytes, int | None]]:
        return [(b"plan", self.last.get(each)) for each in event_ids]


class Writes:
    """Notes what is to be written; see ``WorkStore``.

    ``made`` are occurrences that exist already: a series goes on after them.
    """

    def __init__(self, events: Events | None = None) -> None:
        self.calls: list[tuple[str, list[Any], int]] = []
        self.made: set[tuple[bytes, int | None]] = set()
        self.lost: list[bytes] = []
        self.asked: list[tuple[int, int, int]] = []
        self._events = events or Events()

    def unscheduled(self, partition: int, before_ms: int, limit: int) -> dict[bytes, int]:
        self.asked.append((partition, before_ms, limit))
        return dict.fromkeys(self.lost, before_ms)

    def record_unattempted(self, notes: list[Unattempted], now_ms: int) -> None:
        self.calls.append(("ended", notes, now_ms))

    def schedule_successors(self, successors: list[Successor], now_ms: int) -> Advanced:
        self.calls.append(("schedule_successors", successors, now_ms))
        passed = [one for one in successors if (one.event_id, one.scheduled_ms) in self.made]
        for one in passed:
            self._events.last[one.event_id] = one.scheduled_ms
        return Advanced(len(successors) - len(passed), [one.event_id for one in passed])

    @property
    def planned(self) -> list[tuple[bytes, int | None]]:
        """What was scheduled, in order: the event and its time."""
        return [
            (one.event_id, one.scheduled_ms)
            for name, given, _ in self.calls
            if name == "schedule_successors"
            for one in given
        ]


class Outside:
    """Notes what was set aside and how often repair was called for, unless that is ``away``."""

    def __init__(self) -> None:
        self.aside: list[tuple[bytes, str]] = []
        self.calls = 0
        self.away: Exception | None = None

    def set_aside(self, event_id: bytes, reason: str) -> None:
        self.aside.append((event_id, reason))

    def call(self) -> None:
        if self.away:
            raise self.away
        self.calls += 1


class Daily:
    """Fires each day at the time of ``NOW_MS``; see ``Timetable``."""

    def __init__(self, skips: Sequence[Skipped] = ()) -> None:
        self._skips = skips

    def next_after(self, after_ms: int) -> Firing:
        at = NOW_MS + ((after_ms - NOW_MS) // DAY_MS + 1) * DAY_MS
        return Firing(at, at)

    def has(self, at_ms: int) -> bool:
        return self.next_after(at_ms - 1).scheduled_ms == at_ms

    def upcoming(self, after_ms: int, count: int, until_ms: int) -> list[Firing]:
        first = self.next_after(after_ms).scheduled_ms
        days = range(first, until_ms + 1, DAY_MS)
        return [Firing(at, at) for at in days[:count]]

    def skipped(self, after_ms: int, before_ms: int, count: int) -> list[Skipped]:
        found = [one for one in self._skips if after_ms < one.nominal_ms < before_ms]
        return found[:count]

    def planned_ms(self, scheduled_ms: int) -> int:
        return scheduled_ms + SPREAD_MS


class Timetables:
    """Gives each event the same timetable, for so many steps, or an error instead."""

    def __init__(self) -> None:
        self.timetable = Daily()
        self.costs: dict[bytes, int] = {}
        self.again: int = 0
        """Steps that an event costs more whenever it is asked for again."""
        self.errors: Mapping[bytes, Exception] = {}
        self.read: list[tuple[bytes, Definition]] = []

    def of(self, event_id: bytes, definition: Definition) -> Daily:
        is_known = any(event_id == one for one, _ in self.read)
        self.read.append((event_id, definition))
        current().spend(self.costs.get(event_id, 0) + is_known * self.again)
        if event_id in self.errors:
            raise self.errors[event_id]
        return self.timetable
