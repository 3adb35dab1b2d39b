"""Rotation of signing secrets: of one event, or of all events with given tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from app.clock import Clock
from app.domain.access import Access
from app.domain.event import Event
from app.domain.ids import to_text
from app.domain.once import Repetition
from app.errors import Forbidden, InvalidInput
from app.services.events import EventService
from app.services.queries import EventQuery, TagFilter
from app.store.audit_intents import doubt

MAX_EVENTS = 1_000
"""How many events one call may change."""

MAX_PARTS = 20
"""How many parts of the list of all events with one of the tags are read to find them."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """The new secret (``None``: make one) and for how many ms the old one signs beside it."""

    secret: str | None
    overlap_ms: int


class Rotated(NamedTuple):
    """How many events changed, the secret if it was made here, until when old ones sign, ms UTC."""

    events: int
    made: str | None
    until_ms: int


@dataclass(frozen=True, slots=True)
class RotationService:
    """Every call is made in the name of an ``Access`` that may change the events.

    Every call raises ``Forbidden`` and, if an event is being changed all the time, ``Conflict``.
    """

    events: EventService
    clock: Clock

    def of_event(
        self,
        event_id: str,
        rotation: Rotation,
        access: Access,
        if_match: int | None = None,
        repetition: Repetition | None = None,
    ) -> Rotated:
        """Give an event a new secret; raises ``NotFound`` and ``StaleVersion``.

        With a ``repetition`` it is the same secret each time.
        """
        made, until_ms = self._made(rotation, repetition)
        secret = rotation.secret or made
        if repetition is None or not self._has(self.events.get(event_id, access), secret, access):
            self.events.rotate_secret(event_id, secret, until_ms, access, if_match)
        return Rotated(1, None if rotation.secret else made, until_ms)

    def of_tags(
        self,
        tags: TagFilter,
        rotation: Rotation,
        access: Access,
        repetition: Repetition | None = None,
        *,
        dry_run: bool,
    ) -> Rotated:
        """Give one new secret to every event with these tags; repeating it is harmless.

        Raises ``Forbidden`` if one of them may not be changed, and ``InvalidInput`` for more than
        ``MAX_EVENTS``, or for tags that are looked for too long; then nothing has changed. With a
        ``repetition`` it is the same secret each time.
        """
        found = self._found(tags, access)
        if not all(access.may_change(event.tags) for event in found):
            raise Forbidden("This token may not change all of these events; choose other tags.")
        made, until_ms = self._made(rotation, repetition)
        if dry_run:
            return Rotated(len(found), None, until_ms)
        for event in found:
            secret = rotation.secret or made
            if repetition is None or not self._has(event, secret, access):
                self.events.rotate_secret(to_text(event.id), secret, until_ms, access)
            doubt()  # the next event may be refused: it may have been deleted meanwhile
        return Rotated(len(found), None if rotation.secret else made, until_ms)

    def _made(self, rotation: Rotation, repetition: Repetition | None) -> tuple[str, int]:
        """A secret, and until when the one before signs beside it, ms UTC."""
        if repetition is None:
            return self.events.signing.new(None), self.clock.now_ms() + rotation.overlap_ms
        made = self.events.signing.new(repetition.seed)
        return made, repetition.at_us // 1000 + rotation.overlap_ms

    def _has(self, event: Event, secret: str, access: Access) -> bool:
        """Whether a repeated request has given an event its secret before."""
        is_present = self.events.signing.is_present(event.id, event.hmac_secret, secret)
        return is_present and access.may_change(event.tags)

    def _found(self, tags: TagFilter, access: Access) -> list[Event]:
        """The events with these tags; raises ``InvalidInput`` for too many, or too few of many."""
        found: list[Event] = []
        query, lists, position = EventQuery(tags=tags, limit=MAX_EVENTS), self.events.lists, None
        for _ in range(MAX_PARTS):
            some, position = lists.part(query, access, position)
            found += some
            if len(found) > MAX_EVENTS:
                total = lists.count(query, access)
                most = max(total.number, len(found))
                words = f"{most}" if total.is_exact else f"at least {most}"
                raise InvalidInput.field(
                    "tags", f"choose tags of at most {MAX_EVENTS} events (these are {words})"
                )
            if position is None:
                return found
        raise InvalidInput.field(
            "tags", "take too long to look for: choose tags that fewer other events have, too"
        )
