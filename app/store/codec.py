"""Domain objects ↔ hash fields: the only place that knows both.

Fields of an event's hash: ``doc`` (JSON of the definition), ``meta`` (the user's metadata, JSON
text, left out when empty), ``tags`` (one a line), ``ver``, ``st`` (status), ``up`` (updated, left
out when never), ``next`` (its scheduled occurrence's time), ``rec`` (present while the series
goes on), ``sec`` (the sealed secret), ``cals`` (calendars it names, one a line), ``pu`` (paused
until), ``req`` (the last request, to recognise a repeated one), ``tv`` (the request that planned
it: what successors are computed for), ``last`` (the last claimed occurrence's time), ``fl`` (the
flow it is in), ``hdr`` (the sealed headers that it sends along; their names are in ``doc``), ``ov``
(its overlap policy, unless it is to allow it), and for these ``run`` (the last of its series that
was begun) and ``qd`` (the one that waits for that to be over).

Fields of an occurrence's hash: ``e`` (event), ``at`` (scheduled); once claimed or ended also
``st`` (status), ``n`` (attempts), ``l`` (lease token; ``ack:`` and the attempt while it waits to be
acknowledged), ``ack`` (until when), ``s`` (started), ``c`` (ended), ``ch``
(last change), ``na`` (next attempt), ``p`` (planned, if not ``at``), ``k`` (workers that died
holding it), ``code``, ``body``, ``err``, ``tags``, ``sr`` (made by the schedule), ``w`` (the flow
it waits for), ``d`` (attempt:how often it was deferred), ``dr`` (why), ``log`` (a JSON line an
attempt; see ``attempts``), ``again`` (asked for again: attempts made before, since when, by which
request; between colons), ``cb`` (for a callback: the id of the occurrence that has ended, then a
line each of its status, time, end, attempts, status code and error).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.event import OVERLAP, EncryptedHeaders, Event, EventStatus
from app.domain.flow import flow_of
from app.domain.occurrence import Occurrence, OccurrenceStatus

OCCURRENCE_FIELDS = (
    "e",
    "at",
    "st",
    "n",
    "ch",
    "code",
    "body",
    "err",
    "s",
    "c",
    "na",
    "p",
    "d",
    "dr",
    "ack",
    "cb",
    "tags",
)
EVENT_FIELDS = ("doc", "meta", "tags", "ver", "st", "up", "next", "sec", "hdr")


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
        "doc": dump_json(_definition(event)),
        "ver": event.version,
        "st": event.status.value,
        "req": request,
        "meta": None if event.metadata_json == "{}" else event.metadata_json,
        "tags": join_tags(event.tags) or None,
        "up": None if event.updated_ms == event.created_ms else event.updated_ms,
        "rec": 1 if going_on else None,
        "ov": overlap if event.schedule is not None and overlap != OVERLAP[0] else None,
        "cals": join_tags(event.options.get("calendars", ())) or None,
        "pu": event.options.get("pause", {}).get("until_ms"),
        "fl": flow_of(event.options, event.webhook),
        "sec": event.hmac_secret,
        "hdr": event.headers.sealed if event.headers else None,
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


def occurrence_from_fields(
    occurrence_id: bytes,
    fields: Sequence[bytes | None],
    event_tags: tuple[str, ...] = (),
    event_created: int | None = None,
) -> Occurrence:
    """Rebuild an occurrence from the values of ``OCCURRENCE_FIELDS``.

    One that was never claimed has the tags of its event, which the caller reads.
    """
    event, at, status, attempts, changed, code, body, error = fields[:8]
    started, ended, again, planned, deferred, reason, acknowledge, callback, tags = fields[8:]
    return Occurrence(
        id=occurrence_id,
        event_id=event or b"",
        scheduled_ms=int(at or 0),
        status=OccurrenceStatus(status.decode()) if status else OccurrenceStatus.SCHEDULED,
        tags=split_tags(tags) if tags is not None else event_tags,
        attempt_count=int(attempts or 0),
        changed_ms=_number(changed) or event_created,
        status_code=_number(code),
        response_body=body.decode("utf-8", "replace") if body else None,
        error_message=error.decode() if error else None,
        started_ms=_number(started),
        completed_ms=_number(ended),
        next_attempt_ms=_number(again),
        planned_ms=_number(planned) or int(at or 0),
        deferral_count=int(deferred.partition(b":")[2]) if deferred else 0,
        deferral_reason=reason.decode() if reason else None,
        ack_deadline_ms=_number(acknowledge),
        callback_of=callback[:16] if callback else None,
    )
