"""Objects of the API as JSON.

Written by hand rather than by a schema: it is what every answer costs, and metadata goes out as
the very text that came in. The schemas document these forms; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.api.http.answers import json_text
from app.domain.access import TokenRecord
from app.domain.action import APICALL
from app.domain.attempt import Attempt
from app.domain.audit import MASK
from app.domain.event import Event
from app.domain.ids import to_text
from app.domain.occurrence import Occurrence
from app.domain.recurrence import Notice
from app.domain.redelivery_job import RedeliveryFilter, RedeliveryJob
from app.domain.times import micros_to_rfc3339, to_rfc3339
from app.domain.words import Understood
from app.services.calendars import CalendarView
from app.services.previews import Difference, Outlook
from app.store.flows import StoredFlow

UTC = "UTC"
"""The zone that counts where none was given."""


def event_text(event: Event, notices: Sequence[Notice] = (), chosen: Sequence[str] = ()) -> str:
    """Return an event as JSON; its secret and the values of its headers are never in it.

    ``notices`` (what changes of the clock will do) belong to answers to a write, if there are
    any. ``chosen`` names the members to return; none: all.
    """
    first = {
        "id": to_text(event.id),
        "name": event.name,
        "description": event.definition.description,
        "start_time": to_rfc3339(event.start_ms),
        "timezone": event.definition.timezone or UTC,
        "webhook": event.action.short,
    }
    rest: dict[str, Any] = {
        "schedule": event.schedule and event.schedule.given,
        "tags": event.tags,
        "status": event.status,
        "created_at": to_rfc3339(event.created_ms),
        "updated_at": to_rfc3339(event.updated_ms),
        "next_occurrence_at": time_text(event.next_ms),
        "has_hmac_secret": event.hmac_secret is not None,
        **event.options.answered,
    }
    if event.headers and event.action.kind != APICALL:
        rest["headers"] = _masked(event)
    if pause := event.options.pause:
        rest["pause"] = {"until": time_text(pause.until_ms), "note": pause.note}
        if pause.deletion:
            rest["pause"]["then"] = "delete"
    if notices:
        rest["notices"] = [_notice(one) for one in notices]
    nested = {"action": _action_text(event), "metadata": event.metadata_json}
    if chosen:
        first, rest = _only(first, chosen), _only(rest, chosen)
        nested = _only(nested, chosen)
    parts = [json_text(first)[1:-1], *(f'"{name}":{text}' for name, text in nested.items())]
    return "{" + ",".join(part for part in (*parts, json_text(rest)[1:-1]) if part) + "}"


def time_text(ms: int | None) -> str | None:
    """Return a time as answers have it; ``None`` stays that."""
    return None if ms is None else to_rfc3339(ms)


def _action_text(event: Event) -> str:
    """Return what is done as JSON, a body digit for digit; the headers of a call belong to it."""
    action = event.action
    params = dict(action.params)
    if event.headers and action.kind == APICALL:
        params["headers"] = _masked(event)
    body: str | None = params.pop("body_json", None)
    text = json_text({"type": action.kind, "params": params})
    return text if body is None else f'{text[:-2]},"body":{body}}}}}'


def _masked(event: Event) -> dict[str, str]:
    return dict.fromkeys(event.headers.names, MASK) if event.headers else {}


def occurrence_text(occurrence: Occurrence, chosen: Sequence[str] = ()) -> str:
    """Return an occurrence as JSON; what is not known yet is null.

    ``chosen`` names the members to return; none: all.
    """
    name = to_text(occurrence.id)
    members = {
        "id": name,
        "occurrence_id": name,
        "event_id": to_text(occurrence.event_id),
        "scheduled_at": to_rfc3339(occurrence.scheduled_ms),
        "status": occurrence.status,
        "attempt_count": occurrence.attempt_count,
        "timestamp": time_text(occurrence.changed_ms),
        "status_code": occurrence.status_code,
        "response_body": occurrence.response_body,
        "error_message": occurrence.error_message,
        "started_at": time_text(occurrence.started_ms),
        "completed_at": time_text(occurrence.completed_ms),
        "planned_at": to_rfc3339(occurrence.planned_ms),
        "callback_of": occurrence.callback_of and to_text(occurrence.callback_of),
        "ack_deadline_at": time_text(occurrence.ack_deadline_ms),
        "next_attempt_at": time_text(occurrence.next_attempt_ms),
        "deferral_count": occurrence.deferral_count,
        "deferral_reason": occurrence.deferral_reason,
    }
    return json_text(_only(members, chosen) if chosen else members)


def _only(members: Mapping[str, Any], chosen: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name in chosen}


def attempt_members(attempt: Attempt) -> dict[str, Any]:
    """Return an attempt as JSON values; what was not reached, not needed or not kept is null."""
    timings = attempt.timings
    return {
        "number": attempt.number,
        "due_at": micros_to_rfc3339(timings.due_us),
        "claimed_at": time_text(attempt.claimed_ms),
        "started_at": micros_to_rfc3339(timings.started_us),
        "first_byte_at": None
        if timings.first_byte_us is None
        else micros_to_rfc3339(timings.first_byte_us),
        "completed_at": micros_to_rfc3339(timings.done_us),
        "lateness_ms": (timings.started_us - timings.due_us) / 1000,
        "dns_ms": _milliseconds(timings.dns_took),
        "connect_ms": _milliseconds(timings.connect_took),
        "tls_ms": _milliseconds(timings.tls_took),
        "took_ms": (timings.done_us - timings.started_us) / 1000,
        "status_code": attempt.status_code,
        "error_message": attempt.error_message,
    }


def planned_list(outlook: Outlook) -> list[dict[str, Any]]:
    """Return future occurrences as JSON values; what goes without saying is left out."""
    found = []
    for one in outlook.occurrences:
        entry: dict[str, Any] = {"scheduled_at": to_rfc3339(one.scheduled_ms)}
        if one.planned_ms != one.scheduled_ms:
            entry["planned_at"] = to_rfc3339(one.planned_ms)
        if one.nominal_ms != one.scheduled_ms:
            entry["nominal_at"] = to_rfc3339(one.nominal_ms)
            entry["reason"] = one.reason
        found.append(entry)
    return found


def outlook_text(outlook: Outlook) -> str:
    """Return all that a preview knows as JSON."""
    return json_text(
        {
            "explained": outlook.explained,
            **_understood(outlook.understood),
            "occurrences": planned_list(outlook),
            "skipped": [
                {"nominal_at": to_rfc3339(one.nominal_ms), "reason": one.reason}
                for one in outlook.skipped
            ],
            "notices": [_notice(one) for one in outlook.notices],
        }
    )


def _understood(understood: Understood | None) -> dict[str, Any]:
    """Return what a text came to, in the fields of an event."""
    if understood is None:
        return {}
    found = {
        "start_time": understood.start_time,
        "timezone": understood.timezone or UTC,
        "schedule": understood.schedule,
    }
    if understood.schedule is None:
        del found["schedule"]
    return found


def difference_text(difference: Difference) -> str:
    """Return what a change would do to future occurrences as JSON."""
    return json_text(
        {
            "added": [to_rfc3339(one) for one in difference.added],
            "removed": [to_rfc3339(one) for one in difference.removed],
            "moved": [
                {"from": to_rfc3339(old), "to": to_rfc3339(new)} for old, new in difference.moved
            ],
        }
    )


def flow_text(flow: StoredFlow) -> str:
    """Return a flow as JSON."""
    space, _, key = flow.name.partition("/")
    limits = flow.limits
    return json_text(
        {
            "key": key,
            "space": space,
            "rate": limits.rate.text if limits.rate else None,
            "burst": limits.burst,
            "concurrency": limits.concurrency,
            "order": "strict" if limits.strict else "any",
            "paused": flow.paused,
            "set_by": "user" if flow.set_by_user else "events",
            "waiting": flow.waiting,
            "in_flight": flow.in_flight,
            "events": flow.events,
        }
    )


def calendar_members(view: CalendarView) -> dict[str, Any]:
    """Return a calendar as JSON values; how many events name it only if that may be known."""
    members = {
        "name": view.name,
        **view.definition,
        "updated_at": to_rfc3339(view.updated_ms),
    }
    if view.notices:
        members["notices"] = [_notice(one) for one in view.notices]
    return members if view.events is None else {**members, "events": view.events}


def redelivery_text(job: RedeliveryJob) -> str:
    """Return a redelivery job, which clients know as a retry, as JSON."""
    request, rate = job.request, job.error_rate
    return json_text(
        {
            "id": to_text(job.id),
            "status": job.status,
            "filter": _filter_members(request.filter),
            "order": "oldest" if request.oldest_first else "newest",
            "rate": request.rate,
            "stop_at_error_rate": request.stop_at,
            "total": job.total,
            "retried": job.retried,
            "completed": job.completed,
            "failed": job.failed,
            "error_rate": None if rate is None else round(rate, 4),
            "created_at": to_rfc3339(job.created_ms),
            "updated_at": to_rfc3339(job.updated_ms),
            "ended_at": time_text(job.ended_ms),
            "reason": job.reason,
        }
    )


def token_text(token: TokenRecord) -> str:
    """Return a token as JSON: what is known of it, which is not the token itself."""
    return json_text(
        {
            "jti": token.jti,
            "type": token.purpose or "jwt",
            "sub": token.access.subject,
            "access": token.access.level,
            "scope": sorted(token.access.scope),
            "created_at": to_rfc3339(token.created_ms),
            "last_used_at": time_text(token.last_used_ms),
            "expires_at": to_rfc3339(token.expires_ms),
        }
    )


def _filter_members(chosen: RedeliveryFilter) -> dict[str, Any]:
    """Return the filter as it was given; what was left out is left out."""
    members = {
        "tags": list(chosen.tags),
        "match": ("all" if chosen.match_all else "any") if chosen.tags else None,
        "event_id": chosen.event_id,
        "status": chosen.status,
        "from": time_text(chosen.from_ms),
        "to": time_text(chosen.to_ms),
    }
    return {name: value for name, value in members.items() if value}


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "local_time": notice.local,
        "kind": notice.kind,
        "text": notice.text,
        "scheduled_at": time_text(notice.scheduled_ms),
    }


def _milliseconds(us: int | None) -> float | None:
    return None if us is None else us / 1000
