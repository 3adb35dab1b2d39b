"""What the API needs of the services: their shape, so that views never import how they work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from app.api.calendar_ports import Calendars, Feed, Imports
from app.api.flow_ports import Flows
from app.api.occurrence_ports import Acknowledgements, Occurrences
from app.api.redelivery_ports import Redeliveries
from app.clock import Clock
from app.config import Settings
from app.domain.access import Access, TokenRecord
from app.domain.event import Event
from app.domain.occurrence import Occurrence
from app.domain.recurrence import Notice
from app.services.actions import Backfill
from app.services.audit import Act, AuditQuery
from app.services.previews import Difference, Outlook
from app.services.queries import EventChanges, EventQuery, Page, TagFilter
from app.services.secret_rotation import Rotated, Rotation


class Events(Protocol):
    """Creates, reads, changes and ends events. Every call raises ``StoreUnavailable``."""

    def create(self, changes: EventChanges, access: Access, /) -> Event:
        """Create an event; raises ``InvalidInput`` and ``Forbidden``."""
        ...

    def get(self, event_id: str, access: Access, /) -> Event:
        """Return an event; raises ``NotFound``."""
        ...

    def update(
        self, event_id: str, changes: EventChanges, access: Access, if_match: int | None, /
    ) -> Event:
        """Change an event; raises also ``Forbidden``, ``StaleVersion`` and ``Conflict``."""
        ...

    def delete(self, event_id: str, access: Access, if_match: int | None, /) -> None:
        """End an event; raises ``NotFound``, ``Forbidden``, ``StaleVersion``."""
        ...

    def list(self, query: EventQuery, access: Access, /) -> Page[Event]:
        """Return a page of events, newest first; raises ``InvalidInput`` for a foreign cursor."""
        ...


class Creations(Protocol):
    """Creates events once."""

    def create(self, changes: EventChanges, access: Access, key: str, /) -> tuple[Event, bool]:
        """Create an event, or return what the key made; raises what creating does, ``Conflict``."""
        ...


class Previews(Protocol):
    """Looks ahead; nothing is stored."""

    def of_event(
        self,
        event_id: str,
        access: Access,
        count: int,
        from_ms: int | None,
        to_ms: int | None,
        /,
    ) -> Outlook:
        """Look ahead for a stored event; raises ``NotFound``."""
        ...

    def of_draft(
        self, changes: EventChanges, count: int, from_ms: int | None, to_ms: int | None, /
    ) -> Outlook:
        """Look ahead for a schedule that is not saved; raises ``InvalidInput``."""
        ...

    def of_change(
        self, event_id: str, changes: EventChanges, access: Access, if_match: int | None, /
    ) -> Difference:
        """Compare future occurrences before and after a change; raises what it would."""
        ...

    def notices(self, event: Event, /) -> Sequence[Notice]:
        """Return what changes of the clock will do in the next two years."""
        ...


class Actions(Protocol):
    """Acts beside the schedule; each raises ``NotFound`` and ``Forbidden``."""

    def trigger(self, event_id: str, access: Access, if_match: int | None, /) -> Occurrence:
        """Add an occurrence for this very moment; raises ``StaleVersion``."""
        ...

    def pause(
        self,
        event_id: str,
        access: Access,
        until_ms: int | None,
        note: str | None,
        if_match: int | None,
        /,
    ) -> Event:
        """Pause an event; raises ``Conflict`` for an inactive one."""
        ...

    def resume(self, event_id: str, access: Access, if_match: int | None, /) -> Event:
        """Let a paused event go on; raises ``Conflict`` for any other."""
        ...

    def backfill(
        self,
        event_id: str,
        access: Access,
        from_ms: int,
        to_ms: int,
        if_match: int | None,
        /,
        *,
        dry_run: bool,
    ) -> Backfill:
        """Add the occurrences of a past range; raises ``InvalidInput``, ``StaleVersion``."""
        ...


class Rotations(Protocol):
    """Gives events new signing secrets; each raises ``Forbidden`` and ``Conflict``."""

    def of_event(
        self, event_id: str, rotation: Rotation, access: Access, if_match: int | None, /
    ) -> Rotated:
        """Give one event a new secret; raises ``NotFound``, ``StaleVersion``."""
        ...

    def of_tags(
        self, tags: TagFilter, rotation: Rotation, access: Access, /, *, dry_run: bool
    ) -> Rotated:
        """Give every event with these tags a new one; raises ``InvalidInput`` for too many."""
        ...


class Tokens(Protocol):
    """Knows every JWT. Every call raises ``StoreUnavailable``."""

    def check(self, jti: str, subject: str, issued_s: int, expires_ms: int, /) -> None:
        """Let a token pass; raises ``Unauthenticated`` if it was revoked."""
        ...

    def issue_second(self, subject: str, /) -> int:
        """Return the second that a new token is dated."""
        ...

    def register(self, jti: str, access: Access, expires_ms: int, purpose: str | None, /) -> None:
        """Take a new token into the registry."""
        ...

    def list(self, subject: str | None, limit: int, cursor: str | None, /) -> Page[TokenRecord]:
        """Return a page of tokens that are good, newest first; raises ``InvalidInput``."""
        ...

    def revoke(self, jti: str, /) -> TokenRecord:
        """Revoke a token at once; raises ``NotFound``."""
        ...

    def revoke_all(self, subject: str, /) -> int:
        """Revoke every token of a subject; returns how many."""
        ...


class Audit(Protocol):
    """Writes down who changed what. Every call raises ``StoreUnavailable``."""

    def record(self, act: Act, /) -> int:
        """Add an entry; returns its number."""
        ...

    def page(self, query: AuditQuery, /) -> tuple[list[str], str | None]:
        """Return entries as JSON and the next cursor; raises ``InvalidInput``."""
        ...

    def export(self) -> Iterator[str]:
        """Return all entries as lines, oldest first, in pieces."""
        ...


class Health(Protocol):
    """Tells how the service is."""

    def check(self) -> None:
        """Return if the store answers; raises ``StoreUnavailable``."""
        ...

    def status(self) -> Mapping[str, Any]:
        """Return the figures of ``GET /status``."""
        ...

    def breakers(self) -> dict[str, int]:
        """Return the targets that are left alone, and until when, ms UTC."""
        ...

    def metrics(self) -> Mapping[str, float]:
        """Return gauges by name."""
        ...


class Services(Protocol):
    """Everything that the views call."""

    @property
    def settings(self) -> Settings:
        """The settings, read once."""
        ...

    @property
    def instance(self) -> str:
        """The name of this instance; raises ``StoreUnavailable``."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock that the services go by."""
        ...

    @property
    def events(self) -> Events:
        """Events."""
        ...

    @property
    def previews(self) -> Previews:
        """Looking ahead."""
        ...

    @property
    def actions(self) -> Actions:
        """Acts beside the schedule."""
        ...

    @property
    def occurrences(self) -> Occurrences:
        """Occurrences."""
        ...

    @property
    def redeliveries(self) -> Redeliveries:
        """Dead letters."""
        ...

    @property
    def acknowledgements(self) -> Acknowledgements:
        """What receivers say of deliveries."""
        ...

    @property
    def calendars(self) -> Calendars:
        """Calendars."""
        ...

    @property
    def flows(self) -> Flows:
        """Flows."""
        ...

    @property
    def feed(self) -> Feed:
        """The calendar feed."""
        ...

    @property
    def creations(self) -> Creations:
        """Events, created once."""
        ...

    @property
    def imports(self) -> Imports:
        """Several events at once."""
        ...

    @property
    def rotations(self) -> Rotations:
        """New signing secrets."""
        ...

    @property
    def tokens(self) -> Tokens:
        """Tokens."""
        ...

    @property
    def audit(self) -> Audit:
        """The audit log."""
        ...

    @property
    def health(self) -> Health:
        """Health."""
        ...
