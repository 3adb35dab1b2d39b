"""What the archive keeps of an occurrence and of an event, as a line of JSON and back.

Members have the names and the forms that they have in answers of the API; what there is not is left
out. An occurrence has its attempts with it. The secret of an event and the values of its headers
are not kept, not even encrypted: the key may be known longer than anybody wants to remember.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from app.domain import ids
from app.domain.attempt import Attempt
from app.domain.event import Event
from app.domain.occurrence import ENDED, Occurrence, OccurrenceStatus
from app.domain.outcome import Timings
from app.domain.past import Past
from app.domain.times import micros_to_rfc3339, to_rfc3339

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST = 1 << 53
_Value = TypeVar("_Value")

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def occurrence_line(past: Past) -> bytes:
    """Write an occurrence that has ended, with its attempts; the line's end is not in it."""
    one = past.occurrence
    members: dict[str, Any] = {
        "id": ids.to_text(one.id),
        "event_id": ids.to_text(one.event_id),
        "scheduled_at": to_rfc3339(one.scheduled_ms),
        "status": one.status.value,
        "tags": one.tags,
        "attempt_count": one.attempt_count,
        "timestamp": _time(one.changed_ms),
        "status_code": one.status_code,
        "response_body": one.response_body,
        "error_message": one.error_message,
        "started_at": _time(one.started_ms),
        "completed_at": _time(one.completed_ms),
        "planned_at": None if one.planned_ms == one.scheduled_ms else _time(one.planned_ms),
        "callback_of": one.callback_of and ids.to_text(one.callback_of),
        "callback": past.report.decode("utf-8", "replace") if past.report else None,
        "attempts": [_attempt_members(attempt) for attempt in past.attempts],
    }
    return _encode(_without_nothing(members)).encode()


def occurrence_of(record: Mapping[str, Any]) -> Past:
    """The reverse of ``occurrence_line``; raises ``ValueError`` for what is no such record."""
    try:
        scheduled_ms = _ms(record["scheduled_at"])
        occurrence = Occurrence(
            id=_id(record["id"]),
            event_id=_id(record["event_id"]),
            scheduled_ms=scheduled_ms,
            status=_ended(record["status"]),
            tags=tuple(map(_text, record.get("tags", ()))),
            attempt_count=_whole(record.get("attempt_count", 0)),
            changed_ms=_optional_ms(record, "timestamp"),
            status_code=_optional(_whole, record, "status_code"),
            response_body=_optional(_text, record, "response_body"),
            error_message=_optional(_text, record, "error_message"),
            started_ms=_optional_ms(record, "started_at"),
            completed_ms=_optional_ms(record, "completed_at"),
            planned_ms=_optional_ms(record, "planned_at") or scheduled_ms,
            callback_of=_id(record["callback_of"]) if "callback_of" in record else None,
        )
        attempts = [_attempt(one) for one in record.get("attempts", ())]
        return Past(occurrence, attempts, _text(record.get("callback", "")).encode())
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"not the record of an occurrence: {error!r}") from error


def event_line(event: Event) -> bytes:
    """Write an event with its definition, and without anything that is secret."""
    definition = event.definition
    params = dict(event.action.params)
    # As it was given, digit for digit: a parser would change some numbers.
    body: str | None = params.pop("body_json", None)
    members: dict[str, Any] = {
        "id": ids.to_text(event.id),
        "name": event.name,
        "description": definition.description or None,
        "start_time": to_rfc3339(event.start_ms),
        "timezone": definition.timezone,
        "schedule": event.schedule.given if event.schedule else None,
        "tags": event.tags,
        "status": event.status.value,
        "created_at": to_rfc3339(event.created_ms),
        "updated_at": to_rfc3339(event.updated_ms),
        "version": event.version,
        "has_hmac_secret": event.hmac_secret is not None,
        "header_names": definition.header_names,
        **event.options.given,
    }
    action = _encode({"type": event.action.kind, "params": params})
    if body is not None:
        action = f'{action[:-2]}{"," if params else ""}"body":{body}}}}}'
    text = _encode(_without_nothing(members))
    return f'{text[:-1]},"action":{action},"metadata":{event.metadata_json}}}'.encode()


def _without_nothing(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in members.items() if one is not None and one not in ((), [])}


def _time(ms: int | None) -> str | None:
    return None if ms is None else to_rfc3339(ms)


def _attempt_members(attempt: Attempt) -> dict[str, Any]:
    timings = attempt.timings
    first = timings.first_byte_us
    members = {
        "number": attempt.number,
        "due_at": micros_to_rfc3339(timings.due_us),
        "claimed_at": _time(attempt.claimed_ms),
        "started_at": micros_to_rfc3339(timings.started_us),
        "first_byte_at": None if first is None else micros_to_rfc3339(first),
        "completed_at": micros_to_rfc3339(timings.done_us),
        "dns_ms": _milliseconds(timings.dns_took),
        "connect_ms": _milliseconds(timings.connect_took),
        "tls_ms": _milliseconds(timings.tls_took),
        "status_code": attempt.status_code,
        "error_message": attempt.error_message,
    }
    return {name: one for name, one in members.items() if one is not None}


def _attempt(record: Mapping[str, Any]) -> Attempt:
    first = record.get("first_byte_at")
    return Attempt(
        _whole(record["number"]),
        Timings(
            _us(record["due_at"]),
            _us(record["started_at"]),
            _us(record["completed_at"]),
            None if first is None else _us(first),
            *(_microseconds(record.get(name)) for name in ("dns_ms", "connect_ms", "tls_ms")),
        ),
        _optional(_whole, record, "status_code"),
        _optional(_text, record, "error_message"),
        _optional_ms(record, "claimed_at"),
    )


def _milliseconds(took_us: int | None) -> float | None:
    return None if took_us is None else took_us / 1000


def _microseconds(took_ms: float | None) -> int | None:
    return None if took_ms is None else round(took_ms * 1000)


def _us(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND


def _ms(text: str) -> int:
    return _us(text) // 1000


def _optional_ms(record: Mapping[str, Any], name: str) -> int | None:
    text = record.get(name)
    return None if text is None else _ms(text)


def _optional(read: Callable[[Any], _Value], record: Mapping[str, Any], name: str) -> _Value | None:
    value = record.get(name)
    return None if value is None else read(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not text: {value!r}")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < _MOST:
        raise TypeError(f"not a whole number: {value!r}")
    return value


def _ended(word: Any) -> OccurrenceStatus:
    status = OccurrenceStatus(word)
    if status not in ENDED:
        raise ValueError(f"it has not ended: {status}")
    return status


def _id(text: str) -> bytes:
    if not ids.is_written_right(text):
        raise ValueError(f"not an id: {text!r}")
    return bytes.fromhex(text.replace("-", ""))
