"""Domain objects ↔ hash fields: the only place that knows both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.domain.event import OVERLAP, EncryptedHeaders, Event, EventStatus
from app.domain.flow import flow_of
from app.domain.ids import created_ms
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.store.fields import EventField, OccurrenceField


class OccurrenceRow(NamedTuple):
    """The stored values of an occurrence, in the order of ``OCCURRENCE_FIELDS``."""

    event: bytes | None
    scheduled: bytes | None
    status: bytes | None
    attempts: bytes | None
    changed: bytes | None
    status_code: bytes | None
    response_body: bytes | None
    error: bytes | None
    started: bytes | None
    completed: bytes | None
    next_attempt: bytes | None
    planned: bytes | None
    deferrals: bytes | None
    deferral_reason: bytes | None
    ack_deadline: bytes | None
    callback: bytes | None
    tags: bytes | None


OCCURRENCE_FIELDS = (
    OccurrenceField.EVENT,
    OccurrenceField.SCHEDULED,
    OccurrenceField.STATUS,
    OccurrenceField.ATTEMPTS,
    OccurrenceField.CHANGED,
    OccurrenceField.STATUS_CODE,
    OccurrenceField.RESPONSE_BODY,
    OccurrenceField.ERROR,
    OccurrenceField.STARTED,
    OccurrenceField.COMPLETED,
    OccurrenceField.NEXT_ATTEMPT,
    OccurrenceField.PLANNED,
    OccurrenceField.DEFERRALS,
    OccurrenceField.DEFERRAL_REASON,
    OccurrenceField.ACK_DEADLINE,
    OccurrenceField.CALLBACK,
    OccurrenceField.TAGS,
)
EVENT_FIELDS = (
    EventField.DEFINITION,
    EventField.METADATA,
    EventField.TAGS,
    EventField.VERSION,
    EventField.STATUS,
    EventField.UPDATED,
    EventField.NEXT,
    EventField.SECRET,
    EventField.HEADERS,
)


def join_tags(tags: Sequence[str]) -> bytes:
    """Tags as the scripts read them: one a line (a tag has no control characters)."""
    return "\n".join(tags).encode()


def split_tags(raw: bytes | None) -> tuple[str, ...]:
    """The reverse of ``join_tags``."""
    return tuple(raw.decode().split("\n")) if raw else ()


def dump_json(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def event_to_fields(event: Event, request: bytes) -> list[bytes | str | int]:
    """The event's hash as a flat list, without ``next``: that belongs to the scripts."""
    going_on = event.schedule is not None and event.status is not EventStatus.INACTIVE
    overlap = event.options.get("overlap", OVERLAP[0])
    fields: dict[str, bytes | str | int | None] = {
        EventField.DEFINITION: dump_json(_definition(event)),
        EventField.VERSION: event.version,
        EventField.STATUS: event.status.value,
        EventField.REQUEST: request,
        EventField.METADATA: None if event.metadata_json == "{}" else event.metadata_json,
        EventField.TAGS: join_tags(event.tags) or None,
        EventField.UPDATED: None if event.updated_ms == event.created_ms else event.updated_ms,
        EventField.RECURRING: 1 if going_on else None,
        EventField.OVERLAP: overlap
        if event.schedule is not None and overlap != OVERLAP[0]
        else None,
        EventField.CALENDARS: join_tags(event.options.get("calendars", ())) or None,
        EventField.PAUSED_UNTIL: event.options.get("pause", {}).get("until_ms"),
        EventField.FLOW: flow_of(event.options, event.webhook),
        EventField.SECRET: event.hmac_secret,
        EventField.HEADERS: event.headers.sealed if event.headers else None,
    }
    flat: list[bytes | str | int] = []
    for name, value in fields.items():
        if value is not None:
            flat += (name, value)
    return flat


def _definition(event: Event) -> dict[str, Any]:
    optional = {
        "about": event.description,
        "tz": event.timezone,
        "plan": event.schedule,
        "opt": dict(event.options),
        "hdr": event.headers.names if event.headers else (),
    }
    doc: dict[str, Any] = {"name": event.name, "start": event.start_ms}
    doc |= {key: value for key, value in optional.items() if value}
    if event.action.get("type") == "webhook" and set(event.action["params"]) == {"url"}:
        return doc | {"to": event.action["params"]["url"]}
    return doc | {"action": event.action}


def definition_beginning(name: str) -> bytes:
    """What the definition of every event with this name begins with, and of no other."""
    return b'{"name":' + dump_json(name) + b","


def action_of(doc: Mapping[str, Any]) -> Mapping[str, Any]:
    """The action kept in a definition."""
    if "to" in doc:
        return {"type": "webhook", "params": {"url": doc["to"]}}
    action: Mapping[str, Any] = doc["action"]
    return action


def event_from_fields(event_id: bytes, created: int, fields: Sequence[bytes | None]) -> Event:
    """Rebuild an event from the values of ``EVENT_FIELDS``; ``doc`` must be there."""
    doc_raw, meta, tags, version, status, updated, next_ms, secret, headers = fields
    doc = json.loads(doc_raw or b"")
    return Event(
        id=event_id,
        name=doc["name"],
        description=doc.get("about", ""),
        start_ms=doc["start"],
        timezone=doc.get("tz"),
        action=action_of(doc),
        metadata_json=(meta or b"{}").decode(),
        schedule=doc.get("plan"),
        tags=split_tags(tags),
        status=EventStatus((status or b"").decode()),
        options=doc.get("opt", {}),
        hmac_secret=secret,
        version=int(version or 0),
        created_ms=created,
        updated_ms=int(updated) if updated else created,
        next_ms=int(next_ms) if next_ms else None,
        headers=EncryptedHeaders(tuple(doc["hdr"]), headers) if headers else None,
    )


def _number(raw: bytes | None) -> int | None:
    return int(raw) if raw else None


def occurrence_from_row(
    occurrence_id: bytes, row: OccurrenceRow, event_tags: tuple[str, ...]
) -> Occurrence | None:
    """Rebuild an occurrence; ``None`` if there is none.

    One that was never claimed has the tags of its event, which the caller reads.
    """
    if row.event is None:
        return None
    scheduled_ms, deferrals, body = int(row.scheduled or 0), row.deferrals, row.response_body
    return Occurrence(
        id=occurrence_id,
        event_id=row.event,
        scheduled_ms=scheduled_ms,
        status=OccurrenceStatus((row.status or b"scheduled").decode()),
        tags=event_tags if row.tags is None else split_tags(row.tags),
        attempt_count=int(row.attempts or 0),
        changed_ms=_number(row.changed) or created_ms(row.event),
        status_code=_number(row.status_code),
        response_body=body.decode("utf-8", "replace") if body else None,
        error_message=row.error.decode() if row.error else None,
        started_ms=_number(row.started),
        completed_ms=_number(row.completed),
        next_attempt_ms=_number(row.next_attempt),
        planned_ms=_number(row.planned) or scheduled_ms,
        deferral_count=int(deferrals.partition(b":")[2]) if deferrals else 0,
        deferral_reason=row.deferral_reason.decode() if row.deferral_reason else None,
        ack_deadline_ms=_number(row.ack_deadline),
        callback_of=row.callback[:16] if row.callback else None,
    )
