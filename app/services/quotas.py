"""Quotas: how many events one caller may have, and how often they may occur."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain import ids
from app.domain.access import MASTER, Access
from app.domain.event import Event
from app.errors import Forbidden
from app.services.occurrence_quota import OccurrenceQuota, Rated
from app.store.owners import Owners

BEING_CREATED_MS = 60_000
"""An event that was counted so recently may not be stored yet: no request takes longer."""


@dataclass(frozen=True, slots=True)
class EventQuota:
    """How many events the tokens of one subject may have, ``most`` 0 for any number.

    ``occurrences`` says how often these may occur. Events that were created before the quota was
    set do not count.
    """

    owners: Owners
    most: int
    occurrences: OccurrenceQuota

    def take(self, event: Event, access: Access) -> None:
        """Count an event that is about to be created; raises ``Forbidden`` if it is too much."""
        self._take(event.id, access)
        try:
            self.occurrences.take(event, access)
        except Forbidden:
            self._drop(event.id, access)
            raise

    def take_new(self, rated: Sequence[Rated], access: Access) -> dict[bytes, Forbidden]:
        """Count events that are about to be created; says of those that are too much, by id, why.

        It takes a few round trips, however many events these are.
        """
        refused: dict[bytes, Forbidden] = {}
        events = [event for event, _ in rated]
        if self.most and access is not MASTER and events:
            noted = [(one.id, one.created_ms) for one in events]
            over = self.owners.add_many(access.subject, noted) - self.most
            if over > 0:
                self.owners.drop_gone(access.subject, noted[0][1] - BEING_CREATED_MS)
                over = self.owners.count(access.subject) - self.most
            refused = {one.id: self.refusal() for one in events[len(events) - max(over, 0) :]}
        rest = [one for one in rated if one[0].id not in refused]
        refused |= self.occurrences.take_new(rest, access)
        if self.most and access is not MASTER and refused:
            self.owners.drop(access.subject, *refused)
        return refused

    def _take(self, event_id: bytes, access: Access) -> None:
        """Raise ``Forbidden`` for one event too many.

        Deleted events are taken off the count when the quota is reached. If several requests ask
        for the last place at once, all may be refused.
        """
        if not self.most or access is MASTER:
            return
        created_ms = ids.created_ms(event_id)
        if self.owners.add(access.subject, event_id, created_ms) <= self.most:
            return
        self.owners.drop_gone(access.subject, created_ms - BEING_CREATED_MS)
        if self.owners.count(access.subject) > self.most:
            self._drop(event_id, access)
            raise self.refusal()

    def refusal(self) -> Forbidden:
        """The error for one event too many."""
        return Forbidden(
            f"The tokens of this sub may have at most {self.most} events; delete some."
        )

    def room(self, access: Access, now_ms: int, wanted: int) -> int | None:
        """How many more events there may be; exact if that is fewer than wanted, ``None``: any."""
        if not self.most or access is MASTER:
            return None
        if self.owners.count(access.subject) + wanted > self.most:
            self.owners.drop_gone(access.subject, now_ms - BEING_CREATED_MS)
        return max(0, self.most - self.owners.count(access.subject))

    def give_back(self, event: Event, access: Access) -> None:
        """Take an event off the count that was not created after all."""
        self._drop(event.id, access)
        self.occurrences.forget(event)

    def _drop(self, event_id: bytes, access: Access) -> None:
        if self.most and access is not MASTER:
            self.owners.drop(access.subject, event_id)
