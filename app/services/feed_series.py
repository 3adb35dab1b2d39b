"""What series go on to in a feed: each gets its share of the room, the nearest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.budget import BudgetExceeded, limited
from app.domain.event import Event
from app.errors import InvalidInput
from app.planning.limits import FEED, FEEDS
from app.planning.timetables import Timetables

PIECE = 32
"""Occurrences of an event that are computed at once, at most."""


@dataclass(frozen=True, slots=True)
class Ongoing:
    """A recurring event, and the occurrence (ms UTC) after which its times are wanted."""

    event: Event
    after_ms: int


@dataclass(frozen=True, slots=True)
class Shared:
    """Occurrences in no order, and the earliest moment (ms UTC) of which one may be missing."""

    planned: Sequence[tuple[Event, int]]
    missing_ms: int | None = None


def shared_out(
    timetables: Timetables, series: Sequence[Ongoing], until_ms: int, room: int
) -> Shared:
    """Compute at most ``room`` occurrences before a moment.

    Series take turns, one occurrence at a time, so one that fires every second leaves those of
    every day the room that they need. What costs too much to compute is missing.
    """
    piece = max(1, min(PIECE, room // max(1, len(series))))
    turns = deque(_Ahead(timetables, one, until_ms, piece) for one in series)
    planned: list[tuple[Event, int]] = []
    missing: list[int] = []
    with limited(FEEDS):
        while turns:
            ahead = turns.popleft()
            try:
                at_ms = next(ahead.times, None)
            except (BudgetExceeded, InvalidInput):
                missing.append(ahead.after_ms)
                continue
            if at_ms is None:
                continue
            if len(planned) < room:
                planned.append((ahead.event, at_ms))
                turns.append(ahead)
            else:
                missing.append(at_ms)
    return Shared(planned, min(missing, default=None))


class _Ahead:
    """The times of one series, in pieces: none is computed that has no room."""

    def __init__(self, timetables: Timetables, series: Ongoing, until_ms: int, piece: int) -> None:
        self.event = series.event
        self.after_ms = series.after_ms
        self.times = self._times(timetables, until_ms, piece)

    def _times(self, timetables: Timetables, until_ms: int, piece: int) -> Iterator[int]:
        # In pieces: a budget ends before anything is handed out, or it would count others' work.
        with limited(FEED):
            timetable = timetables.of(self.event.id, self.event.definition)
        while True:
            with limited(FEED):
                found = timetable.upcoming(self.after_ms, piece, until_ms - 1)
            for firing in found:
                self.after_ms = firing.scheduled_ms
                yield firing.scheduled_ms
            if len(found) < piece:
                return
