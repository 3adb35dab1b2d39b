"""How many occurrences the events of one tenant may have together, on average.

A tenant's events have its lane in their ids, so what is counted, whoever writes it, is the tenant's
that made it. What is counted is an estimate of the times that an event asks for, from a few of its
first ones; a schedule that is accepted occurs whenever it says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.domain.access import MASTER, Access
from app.domain.event import Event, EventStatus
from app.domain.ids import lane_of_event
from app.domain.timetable import Timetable
from app.errors import Conflict, Forbidden, InvalidInput
from app.planning.density import occurrences_a_day
from app.planning.timetables import Timetables
from app.services.event_changes import timing
from app.services.event_writes import is_written
from app.store.event_plans import Saved
from app.store.events import EventStore
from app.store.rates import Counted, Rates

Replace = Callable[[Event, Event], tuple[Saved, Event]]
"""Writes a changed event, given it before and after."""

Rated = tuple[Event, int | None]
"""A new event, and its ``rate_of``."""

MINUTES = 24 * 60
"""Minutes of a day: what occurs once a day or less often counts for something, too."""

BEING_WRITTEN_MS = 60_000
"""An event that was counted so recently may not be stored yet: no request takes longer."""


@dataclass(frozen=True, slots=True)
class OccurrenceQuota:
    """So many occurrences a minute for each lane, ``most`` 0 for any number.

    Events that were written before the quota was set do not count.
    """

    rates: Rates
    events: EventStore
    timetables: Timetables
    clock: Clock
    most: int
    unbounded: Collection[int]

    def take(self, event: Event, access: Access) -> Counted | None:
        """Count an event that is about to be written; returns what takes that back.

        ``None``: nothing is counted. Raises ``Forbidden`` if all would occur too often, unless it
        is the operator who asks, or the event occurs no more often than before. Events that are
        gone or have ended are taken off the count when that is so.
        """
        if not self._counts(event):
            return None
        lane, now_ms = lane_of_event(event.id), self.clock.now_ms()
        timetable = self.timetables.of(event.id, event.definition)
        rate = occurrences_a_day(timetable, max(now_ms, event.start_ms - 1))
        most = 0 if access is MASTER else self.most * MINUTES
        counted = self.rates.count(lane, event.id, rate, now_ms, most, is_ahead=True)
        if not counted.done:
            self._forget_gone(lane, now_ms)
            counted = self.rates.count(lane, event.id, rate, now_ms, most, is_ahead=True)
        if not counted.done:
            raise self._refusal(counted)
        return counted

    def rate_of(self, event: Event, timetable: Timetable | None, now_ms: int) -> int | None:
        """How often a new event would count, in occurrences a day; ``None``: it does not count."""
        if timetable is None or not self._counts(event):
            return None
        return occurrences_a_day(timetable, max(now_ms, event.start_ms - 1))

    def take_new(self, events: Sequence[Rated], access: Access) -> dict[bytes, Forbidden]:
        """Count new events of one caller; returns why some of them, by their id, are too many.

        It takes a few round trips, however many events these are.
        """
        now_ms = self.clock.now_ms()
        wanted = [(event.id, rate) for event, rate in events if rate is not None]
        if not wanted:
            return {}
        lane, most = lane_of_event(wanted[0][0]), 0 if access is MASTER else self.most * MINUTES
        counted = self.rates.count_new(lane, wanted, now_ms, most)
        left = [pair for pair, one in zip(wanted, counted, strict=True) if not one.done]
        if not left:
            return {}
        self._forget_gone(lane, now_ms)
        again = self.rates.count_new(lane, left, now_ms, most)
        return {
            event_id: self._refusal(one)
            for (event_id, _), one in zip(left, again, strict=True)
            if not one.done
        }

    def _counts(self, event: Event) -> bool:
        is_bounded = lane_of_event(event.id) not in self.unbounded
        return bool(self.most) and is_bounded and event.schedule is not None

    def _refusal(self, counted: Counted) -> Forbidden:
        would_be = -((counted.before - counted.total - counted.rate) // MINUTES)
        return Forbidden(
            f"The events of this sub may have {self.most} occurrences a minute together, and "
            f"would have {would_be}: make this one rarer, or delete others."
        )

    def retake(self, before: Event, after: Event, access: Access) -> Counted | None:
        """Count a changed event that is about to be written, if it occurs at other times.

        Returns and raises as ``take``. One that ends is taken off the count when that is so.
        """
        is_as_before = timing(after) == timing(before)
        return None if is_as_before or _is_over(after) else self.take(after, access)

    def write(
        self, before: Event, after: Event, access: Access, write: Replace
    ) -> tuple[Saved, Event]:
        """Have a changed event written, and count it if it is; raises what that does.

        Raises ``Forbidden`` as ``take`` does.
        """
        if timing(after) == timing(before):
            return write(before, after)
        counted = self.retake(before, after, access)
        try:
            saved, written = write(before, after)
        except (Conflict, Forbidden, InvalidInput):
            self.put_back(after.id, counted)
            raise
        if not is_written(saved):
            self.put_back(after.id, counted)
        elif _is_over(after):
            self.forget(before)
        else:
            self.settle(after.id, counted)
        return saved, written

    def settle(self, event_id: bytes, counted: Counted | None) -> None:
        """Count a changed event for no more than it occurs, now that it is written."""
        if counted is not None:
            self.rates.settle(lane_of_event(event_id), event_id, counted)

    def put_back(self, event_id: bytes, counted: Counted | None) -> None:
        """Count as before what was not written after all."""
        if counted is not None:
            self.rates.take_back(lane_of_event(event_id), event_id, counted)

    def forget(self, event: Event) -> None:
        """Count an event no more that is deleted or has ended."""
        if self._counts(event):
            self._forget(event.id)

    def _forget_gone(self, lane: int, now_ms: int) -> None:
        """Look at some of the events, and forget those that do not occur any more."""
        some = self.rates.some(lane, now_ms - BEING_WRITTEN_MS)
        for event_id, event in zip(some, self.events.get_many(some), strict=True):
            if event is None or _is_over(event):
                self._forget(event_id)

    def _forget(self, event_id: bytes) -> None:
        now_ms = self.clock.now_ms()
        self.rates.count(lane_of_event(event_id), event_id, 0, now_ms, is_ahead=False)


def _is_over(event: Event) -> bool:
    return event.status is EventStatus.INACTIVE or event.schedule is None
