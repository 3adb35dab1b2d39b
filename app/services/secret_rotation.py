"""Rotation of signing secrets: of one event, or of all events with given tags."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from app.clock import Clock
from app.crypto.signing_secrets import new_secret
from app.domain.access import Access
from app.domain.event import Event
from app.domain.ids import to_text
from app.errors import Forbidden, InvalidInput
from app.services.events import EventService
from app.services.queries import EventQuery, TagFilter
from app.store.audit_intents import doubt

MAX_EVENTS = 1_000
"""How many events one call may change."""


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
        self, event_id: str, rotation: Rotation, access: Access, if_match: int | None = None
    ) -> Rotated:
        """Give an event a new secret; raises ``NotFound`` and ``StaleVersion``."""
        made = new_secret() if rotation.secret is None else None
        until_ms = self.clock.now_ms() + rotation.overlap_ms
        secret = rotation.secret or made or ""
        self.events.rotate_secret(event_id, secret, until_ms, access, if_match)
        return Rotated(1, made, until_ms)

    def of_tags(
        self, tags: TagFilter, rotation: Rotation, access: Access, *, dry_run: bool
    ) -> Rotated:
        """Give one new secret to every event with these tags; repeating it is harmless.

        Raises ``Forbidden`` if one of them may not be changed, and ``InvalidInput`` for more than
        ``MAX_EVENTS``; then nothing has changed.
        """
        found = self._found(tags, access)
        if not all(access.may_change(event.tags) for event in found):
            raise Forbidden("This token may not change all of these events; choose other tags.")
        made = new_secret() if rotation.secret is None and not dry_run else None
        until_ms = self.clock.now_ms() + rotation.overlap_ms
        if not dry_run:
            for event in found:
                secret = rotation.secret or made or ""
                self.events.rotate_secret(to_text(event.id), secret, until_ms, access)
                doubt()  # the next event may be refused: it may have been deleted meanwhile
        return Rotated(len(found), made, until_ms)

    def _found(self, tags: TagFilter, access: Access) -> list[Event]:
        """The events with these tags; raises ``InvalidInput`` for more than ``MAX_EVENTS``."""
        found: list[Event] = []
        query = EventQuery(tags=tags, limit=MAX_EVENTS)
        while True:
            page = self.events.list(query, access)
            found += page.items
            most = max(len(found), page.total)
            if most > MAX_EVENTS:
                words = f"{most}" if page.is_total_exact else f"at least {most}"
                raise InvalidInput.field(
                    "tags", f"choose tags of at most {MAX_EVENTS} events (these are {words})"
                )
            if page.next_cursor is None:
                return found
            query = replace(query, cursor=page.next_cursor)
