"""Services in memory: as much of the rules as the API's own tests need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from app.config import Settings
from app.domain import ids
from app.domain.access import Access, TokenRecord
from app.domain.event import Event, EventStatus
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    StaleVersion,
    StoreUnavailable,
    Unauthenticated,
)
from app.services.audit import Act, AuditQuery
from app.services.previews import Outlook, Planned
from app.services.queries import EventChanges, EventQuery, OccurrenceQuery, Page

NOW_MS = 1_900_000_000_000
"""2030-03-17T17:46:40Z"""

MASTER_TOKEN = "master-token-for-tests"

_DEFINITION = ("name", "description", "timezone", "action", "schedule", "tags", "status")
_OPTIONS = ("retry", "timeout")
_CLEARED = {"description": "", "tags": ()}


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def now_ms(self) -> int:
        return self.ms

    def now_us(self) -> int:
        return self.ms * 1000


class FakeEvents:
    """Events in a dict. A cursor is the number of events already listed."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.stored: dict[str, Event] = {}
        self.queries: list[EventQuery] = []
        self.writes = 0
        self._ids = ids.EventIds()

    def create(self, changes: EventChanges, access: Access) -> Event:
        blank = Event(
            id=self._ids.make(self.clock.now_us(), 0), name="", start_ms=0, action={},
            created_ms=self.clock.now_ms(), updated_ms=self.clock.now_ms(),
        )  # fmt: skip
        return self._save(self._changed(blank, changes), access)

    def get(self, event_id: str, access: Access) -> Event:
        event = self.stored.get(event_id)
        if event is None or not access.sees(event.tags):
            raise NotFound("No event has this id.")
        return event

    def update(
        self, event_id: str, changes: EventChanges, access: Access, if_match: int | None
    ) -> Event:
        before = self.get(event_id, access)
        if if_match is not None and if_match != before.version:
            raise StaleVersion
        after = self._changed(before, changes)
        return self._save(replace(after, version=before.version + 1), access)

    def delete(self, event_id: str, access: Access, if_match: int | None) -> None:
        before = self.get(event_id, access)
        if if_match is not None and if_match != before.version:
            raise StaleVersion
        self.writes += 1
        del self.stored[event_id]

    def list(self, query: EventQuery, access: Access) -> Page[Event]:
        self.queries.append(query)
        if query.cursor is not None and not query.cursor.isdecimal():
            raise InvalidInput.field("cursor", "use the cursor of the list's own Link header")
        found = [event for event in reversed(self.stored.values()) if access.sees(event.tags)]
        begin = int(query.cursor or 0)
        end = begin + query.limit
        return Page(tuple(found[begin:end]), len(found), str(end) if end < len(found) else None)

    def _changed(self, before: Event, changes: EventChanges) -> Event:
        values: dict[str, Any] = {}
        options = dict(before.options)
        for name, value in changes.given.items():
            if name == "start_time":
                values["start_ms"] = self._placed(value, changes.given.get("timezone"))
            elif name == "metadata":
                values["metadata_json"] = value or "{}"
            elif name == "hmac_secret":
                values["hmac_secret"] = value
            elif name in _DEFINITION:
                values[name] = _CLEARED.get(name) if value is None else value
            else:
                assert name in _OPTIONS, name
                options[name] = value
        options = {name: value for name, value in options.items() if value is not None}
        event = replace(before, options=options, **values)
        active = event.status is EventStatus.ACTIVE
        return replace(event, next_ms=event.start_ms if active else None)

    @staticmethod
    def _placed(moment: int | datetime, timezone: str | None) -> int:
        if isinstance(moment, int):
            return moment
        if timezone is None:
            raise InvalidInput.field("start_time", "needs an offset or a timezone beside it")
        return int(moment.replace(tzinfo=UTC).timestamp() * 1000)

    def _save(self, event: Event, access: Access) -> Event:
        if not access.may_change(event.tags):
            raise Forbidden("This token may give an event only tags that are in its scope.")
        self.writes += 1
        json.loads(event.metadata_json)
        self.stored[ids.to_text(event.id)] = event
        return event


class FakePreviews:
    """One occurrence a minute from the start on."""

    def __init__(self, events: FakeEvents) -> None:
        self.events = events
        self.asked: list[tuple[int, int | None, int | None]] = []

    def of_event(
        self, event_id: str, access: Access, count: int, from_ms: int | None, to_ms: int | None
    ) -> Outlook:
        event = self.events.get(event_id, access)
        self.asked.append((count, from_ms, to_ms))
        times = [event.start_ms + 60_000 * step for step in range(count)]
        return Outlook(tuple(Planned(at, at, at) for at in times), (), (), "every minute")

    def notices(self, event: Event) -> tuple[()]:
        return ()


class FakeOccurrences:
    """Occurrences in a dict, whose queries are kept to be looked at."""

    def __init__(self) -> None:
        self.stored: dict[str, Occurrence] = {}
        self.queries: list[OccurrenceQuery] = []
        self.slices: list[tuple[str, int, str | None]] = []

    def add(self, occurrence: Occurrence) -> str:
        name = ids.to_text(occurrence.id)
        self.stored[name] = occurrence
        return name

    def get(self, occurrence_id: str, access: Access) -> Occurrence:
        occurrence = self.stored.get(occurrence_id)
        if occurrence is None or not access.sees(occurrence.tags):
            raise NotFound("No occurrence has this id.")
        return occurrence

    def list(self, query: OccurrenceQuery, access: Access) -> Page[Occurrence]:
        self.queries.append(query)
        found = tuple(one for one in self.stored.values() if access.sees(one.tags))
        begin = (query.page - 1) * query.limit
        return Page(found[begin : begin + query.limit], len(found))

    def of_event(
        self, event_id: str, access: Access, limit: int, cursor: str | None
    ) -> Page[Occurrence]:
        self.slices.append((event_id, limit, cursor))
        found = tuple(self.stored.values())
        return Page(found[:limit], len(found), "2" if len(found) > limit else None)


class FakeTokens:
    """Tokens in a dict; those of ``away`` can't be judged."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.stored: dict[str, TokenRecord] = {}
        self.revoked: set[str] = set()
        self.away = False

    def check(self, jti: str, subject: str, issued_s: int, expires_ms: int) -> None:
        if self.away:
            raise StoreUnavailable
        if jti in self.revoked:
            raise Unauthenticated("This token was revoked; ask for a new one.")

    def issue_second(self, subject: str) -> int:
        return self.clock.now_ms() // 1000

    def register(self, jti: str, access: Access, expires_ms: int, purpose: str | None) -> None:
        self.stored[jti] = TokenRecord(jti, access, self.clock.now_ms(), expires_ms, purpose)

    def list(self, subject: str | None, limit: int, cursor: str | None) -> Page[TokenRecord]:
        found = [one for one in self.stored.values() if subject in (None, one.access.subject)]
        return Page(tuple(found[:limit]), len(found))

    def revoke(self, jti: str) -> TokenRecord:
        if jti not in self.stored:
            raise NotFound("No token has this id.")
        self.revoked.add(jti)
        return self.stored.pop(jti)

    def revoke_all(self, subject: str) -> int:
        found = [jti for jti, one in self.stored.items() if one.access.subject == subject]
        return len([self.revoke(jti) for jti in found])


class FakeAudit:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.queries: list[AuditQuery] = []
        self.away = False

    def record(self, act: Act) -> int:
        if self.away:
            raise StoreUnavailable
        self.acts.append(act)
        return len(self.acts)

    def page(self, query: AuditQuery) -> tuple[list[str], str | None]:
        self.queries.append(query)
        return [f'{{"seq":{number}}}' for number, _ in enumerate(self.acts, 1)], None

    def export(self) -> Iterator[str]:
        yield from (f'{{"seq":{number}}}\n' for number, _ in enumerate(self.acts, 1))


class FakeHealth:
    """Well, until told otherwise."""

    def __init__(self) -> None:
        self.away = False

    def check(self) -> None:
        if self.away:
            raise StoreUnavailable

    def status(self) -> dict[str, Any]:
        return {
            "status": "ok",
            "version": "0",
            "uptime_seconds": 1.5,
            "store": "ok",
            "queue_depth": 2,
            "lag_ms": 3,
            "workers": 4,
        }

    def breakers(self) -> dict[str, int]:
        return {"https://example.com:443": NOW_MS}

    def metrics(self) -> dict[str, float]:
        return {"queue_depth": 2.0, "qhronos_lag_ms": 3.5}


@dataclass
class FakeServices:
    """What ``create_app`` takes."""

    settings: Settings = field(
        default_factory=lambda: Settings(
            master_token=MASTER_TOKEN,
            jwt_secret="jwt-secret-for-tests-of-32-bytes!",
            signing_secret="signing-secret-for-tests",
        )
    )
    instance: str = "this-instance"
    clock: FakeClock = field(default_factory=FakeClock)
    health: FakeHealth = field(default_factory=FakeHealth)
    occurrences: FakeOccurrences = field(default_factory=FakeOccurrences)
    audit: FakeAudit = field(default_factory=FakeAudit)

    def __post_init__(self) -> None:
        self.events = FakeEvents(self.clock)
        self.tokens = FakeTokens(self.clock)
        self.previews = FakePreviews(self.events)


def an_occurrence(event_id: bytes, scheduled_ms: int = NOW_MS, **values: Any) -> Occurrence:
    """An occurrence of which everything not given is not known yet."""
    return Occurrence(
        id=ids.occurrence_id(event_id, scheduled_ms),
        event_id=event_id,
        scheduled_ms=scheduled_ms,
        status=values.pop("status", OccurrenceStatus.SCHEDULED),
        planned_ms=scheduled_ms,
        **values,
    )
