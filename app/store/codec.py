"""Domain objects ↔ hash fields: the only place that knows both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from app.domain.action import WEBHOOK, Action, action_from_json
from app.domain.definition import Definition
from app.domain.event import Event, EventStatus
from app.domain.ids import created_ms
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.options import NO_OPTIONS, OVERLAP, EventOptions
from app.domain.schedule import Schedule
from app.store.fields import EventField, OccurrenceField
from app.store.pieces import PIECE, cut, join


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
DEFINITION_FIELDS = (
    EventField.DEFINITION,
    EventField.DEFINITION_2,
    EventField.DEFINITION_3,
    EventField.DEFINITION_4,
)
METADATA_FIELDS = (
    EventField.METADATA,
    EventField.METADATA_2,
    EventField.METADATA_3,
    EventField.METADATA_4,
)
EVENT_FIELDS = (
    *DEFINITION_FIELDS,
    *METADATA_FIELDS,
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
    return _encode(value).encode()


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def event_to_fields(event: Event, request: bytes | None) -> list[bytes | str | int]:
    """The event's hash as a flat list, without ``next``: that belongs to the scripts.

    ``request``: by which a script that saves it is recognised when it is repeated.
    """
    options = event.options
    overlap, flow = options.overlap, options.flow
    metadata = b"" if event.metadata_json == "{}" else event.metadata_json.encode()
    # Not a mapping: to hash the names takes longer than all else.
    rest: tuple[tuple[str, bytes | str | int | None], ...] = (
        (EventField.VERSION, event.version),
        (EventField.STATUS, event.status.value),
        (EventField.REQUEST, request),
        (EventField.TAGS, join_tags(event.tags) or None),
        (EventField.UPDATED, None if event.updated_ms == event.created_ms else event.updated_ms),
        (EventField.RECURRING, 1 if is_going_on(event) else None),
        (
            EventField.OVERLAP,
            overlap if event.schedule is not None and overlap != OVERLAP[0] else None,
        ),
        (EventField.CALENDARS, join_tags(options.calendars) or None),
        (EventField.PAUSED_UNTIL, options.paused_until_ms),
        (EventField.FLOW, flow.name(event.action.target) if flow else None),
        (EventField.KEY, options.key_name),
        (EventField.SECRET, event.hmac_secret),
        (EventField.HEADERS, event.encrypted_headers),
    )
    flat = _in_pieces(definition_to_doc(event.definition), DEFINITION_FIELDS)
    flat += _in_pieces(metadata, METADATA_FIELDS)
    for name, value in rest:
        if value is not None:
            flat += (name, value)
    return flat


def is_going_on(event: Event) -> bool:
    """Whether an event is one of a series that has not ended."""
    return event.schedule is not None and event.status is not EventStatus.INACTIVE


def _in_pieces(value: bytes, fields: Sequence[str]) -> list[bytes | str | int]:
    """A value in pieces as a flat list."""
    if len(value) <= PIECE:
        return [fields[0], value] if value else []
    return [part for pair in cut(value, fields).items() for part in pair]


def definition_to_doc(definition: Definition) -> bytes:
    """The definition as it is stored."""
    optional = {
        "about": definition.description,
        "tz": definition.timezone,
        "plan": definition.schedule.given if definition.schedule else None,
        "ends": definition.schedule.ends if definition.schedule else None,
        "opt": definition.options.given,
        "hdr": definition.header_names,
        "wall": definition.start_wall_ms,
        "asked": definition.origin,
    }
    if optional["ends"] and _names_weeks(optional["plan"]):
        optional["week_day"] = _WEEKDAY_OF_START
    doc: dict[str, Any] = {"name": definition.name, "start": definition.start_ms}
    doc |= {key: value for key, value in optional.items() if value}
    action = definition.action
    if action.kind == WEBHOOK and action.params.keys() == {"url"}:
        return dump_json(doc | {"to": action.params["url"]})
    return dump_json(doc | {"action": action.as_json()})


_WEEKDAY_OF_START = 1
"""A rule that names weeks and no days has one day in each of them; before, it had all seven."""


def _names_weeks(schedule: Any) -> bool:
    """Whether a rule in a schedule may name weeks by their numbers."""
    text = dump_json(schedule).lower()
    return b"byweekno" in text or b'"by_week_no"' in text


_read_json = json.JSONDecoder().raw_decode
"""What ``json.loads`` does, in half the time: it looks for no other encoding and no margins."""

_HAS_SCHEDULE = b'"plan":'
"""Stands in a definition that has a schedule, and hardly in another: in a text a quotation mark
has a backslash before it."""


def definition_from_doc(raw: bytes) -> Definition:
    """The reverse of ``definition_to_doc``; those with a schedule are kept, as they come again."""
    if _HAS_SCHEDULE not in raw:
        return _definition(raw)
    return _series(raw) if len(raw) <= _SHORT else _long_series(raw)


def _definition(raw: bytes) -> Definition:
    doc = _read_json(raw.decode())[0]
    get = doc.get
    to, schedule, options, headers = get("to"), get("plan"), get("opt"), get("hdr")
    ends = tuple(get("ends", ()))
    if ends and get("week_day") != _WEEKDAY_OF_START and _names_weeks(schedule):
        ends = ()  # counted in all days of its weeks: it is counted anew
    return Definition(  # by position: naming the fields takes longer than most of them
        doc["name"],
        doc["start"],
        action_from_json(doc["action"]) if to is None else Action(WEBHOOK, {"url": to}),
        get("about", ""),
        get("tz"),
        None if schedule is None else Schedule(schedule, ends),
        NO_OPTIONS if options is None else EventOptions(options),
        () if headers is None else tuple(headers),
        get("wall"),
        get("asked", ""),
    )


_SHORT = 2_048
"""Definitions up to so many bytes are kept by the thousand."""

_series = lru_cache(maxsize=4096)(_definition)
_long_series = lru_cache(maxsize=128)(_definition)
"""Longer ones, up to 256 KB and many times that when compiled. Who writes thousands of them fills
no process, and only others as long have to be read again."""


def definition_beginning(name: str) -> bytes:
    """What the definition of every event with this name begins with, and of no other."""
    return b'{"name":' + dump_json(name) + b","


def event_from_row(event_id: bytes, row: Sequence[bytes | None]) -> Event | None:
    """Rebuild an event from the values of ``EVENT_FIELDS``; ``None`` if there is none."""
    definition, metadata = join(row[:4]), join(row[4:8])
    tags, version, status, updated, next_ms, secret, headers = row[8:]
    if definition is None:
        return None
    created = created_ms(event_id)
    return Event(
        id=event_id,
        definition=definition_from_doc(definition),
        metadata_json=(metadata or b"{}").decode(),
        tags=split_tags(tags),
        status=EventStatus((status or b"").decode()),
        hmac_secret=secret,
        version=int(version or 0),
        created_ms=created,
        updated_ms=int(updated) if updated else created,
        next_ms=int(next_ms) if next_ms else None,
        encrypted_headers=headers,
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
        # (Without one, its first attempt has ended it, or it was planned and not changed since.)
        changed_ms=_number(row.changed or row.completed) or created_ms(row.event),
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
