"""Domain objects ↔ hash fields: the only place that knows both.

Fields of an event's hash: ``doc`` (JSON of the definition), ``meta`` (the user's metadata, JSON
text, left out when empty), ``tags`` (one a line), ``ver``, ``st`` (status), ``up`` (updated, left
out when never), ``next`` (its scheduled occurrence's time), ``rec`` (present while the series
goes on), ``sec`` (the sealed secret), ``cals`` (calendars it names, one a line), ``pu`` (paused
until), ``req`` (the last request, to recognise a repeated one), ``tv`` (the request that planned
it: what successors are computed for), ``last`` (the last claimed occurrence's time).

Fields of an occurrence's hash: ``e`` (event), ``at`` (scheduled); once claimed or ended also
``st`` (status), ``n`` (attempts), ``l`` (lease token), ``s`` (started), ``c`` (ended), ``ch``
(last change), ``na`` (next attempt), ``p`` (planned, if not ``at``), ``k`` (workers that died
holding it), ``code``, ``body``, ``err``, ``tags``, ``sr`` (made by the schedule), ``log`` (a JSON
line an attempt).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.event import Event, EventStatus
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
    "tags",
)
EVENT_FIELDS = ("doc", "meta", "tags", "ver", "st", "up", "next", "sec")


def join_tags(tags: Sequence[str]) -> bytes:
    """Tags as the scripts read them: one a line (a tag has no control characters)."""
    return "\n".join(tags).encode()


def split_tags(raw: bytes | None) -> tuple[str, ...]:
    """The reverse of ``join_tags``."""
    return tuple(raw.decode().split("\n")) if raw else ()


def dump_json(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


_read_json = json.JSONDecoder().raw_decode
"""What ``json.loads`` does, in half the time: it looks for no other encoding and no margins."""


def event_to_fields(event: Event, request: bytes) -> list[bytes | str | int]:
    """The event's hash as a flat list, without ``next``: that belongs to the scripts."""
    doc: dict[str, Any] = {"name": event.name, "start": event.start_ms}
    optional = {
        "about": event.description,
        "tz": event.timezone,
        "plan": event.schedule,
        "opt": dict(event.options),
    }
    doc |= {key: value for key, value in optional.items() if value}
    if event.action.get("type") == "webhook" and set(event.action["params"]) == {"url"}:
        doc["to"] = event.action["params"]["url"]
    else:
        doc["action"] = event.action
    fields: list[bytes | str | int] = ["doc", dump_json(doc), "ver", event.version]
    fields += ["st", event.status.value, "req", request]
    if event.metadata_json != "{}":
        fields += ["meta", event.metadata_json.encode()]
    if event.tags:
        fields += ["tags", join_tags(event.tags)]
    if event.updated_ms != event.created_ms:
        fields += ["up", event.updated_ms]
    if event.schedule is not None and event.status is not EventStatus.INACTIVE:
        fields += ["rec", 1]
    if calendars := event.options.get("calendars"):
        fields += ["cals", join_tags(calendars)]
    pause = event.options.get("pause")
    if pause and pause.get("until_ms") is not None:
        fields += ["pu", pause["until_ms"]]
    if event.hmac_secret is not None:
        fields += ["sec", event.hmac_secret]
    return fields


def action_of(doc: Mapping[str, Any]) -> Mapping[str, Any]:
    """The action kept in a definition."""
    if "to" in doc:
        return {"type": "webhook", "params": {"url": doc["to"]}}
    action: Mapping[str, Any] = doc["action"]
    return action


def event_from_fields(event_id: bytes, created: int, fields: Sequence[bytes | None]) -> Event:
    """Rebuild an event from the values of ``EVENT_FIELDS``; ``doc`` must be there."""
    doc_raw, meta, tags, version, status, updated, next_ms, secret = fields
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
    started, ended, again, planned, tags = fields[8:]
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
    )


@dataclass(slots=True)  # not frozen: made for every delivery, and freezing doubles its cost
class Claim:
    """One claimed occurrence and all that its delivery needs, as read by the claim script."""

    occurrence_id: bytes
    event_id: bytes
    scheduled_ms: int
    attempt: int
    token: bytes
    doc: Mapping[str, Any] | None
    metadata_json: str
    tags: tuple[str, ...]
    secret: bytes | None
    recurring: bool
    plan: bytes
    deaths: int
    due_ms: int

    @property
    def url(self) -> str:
        """Where to deliver."""
        doc = self.doc or {}
        return str(doc["to"] if "to" in doc else doc["action"]["params"]["url"])


def claim_from_reply(row: Sequence[Any], token: bytes) -> Claim:
    """Read one row of the claim script's answer."""
    occurrence_id, event_id, scheduled, attempt, doc, meta, tags, secret = row[:8]
    recurring, plan, deaths, due = row[8:]
    return Claim(
        occurrence_id=occurrence_id,
        event_id=event_id,
        scheduled_ms=int(scheduled),
        attempt=int(attempt),
        token=token,
        doc=None if doc is None else _read_json(doc.decode())[0],
        metadata_json=(meta or b"{}").decode(),
        tags=split_tags(tags),
        secret=secret,
        recurring=recurring is not None,
        plan=plan or b"",
        deaths=int(deaths or 0),
        due_ms=int(due),
    )
