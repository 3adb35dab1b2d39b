"""Events and occurrences as JSON text.

Written by hand rather than by a schema: it is what every answer costs, and metadata goes out as
the very text that came in. The schemas document these forms; a test holds the two together.
"""

from __future__ import annotations

from app.api.answers import json_text
from app.domain.event import Event
from app.domain.ids import to_text
from app.domain.occurrence import Occurrence
from app.domain.times import to_rfc3339


def event_text(event: Event) -> str:
    """Return an event as JSON; its secret is never in it."""
    first = {
        "id": to_text(event.id),
        "name": event.name,
        "description": event.description,
        "start_time": to_rfc3339(event.start_ms),
        "timezone": event.timezone,
        "webhook": event.webhook,
        "action": event.action,
    }
    rest = {
        "schedule": event.schedule,
        "tags": event.tags,
        "status": event.status,
        "created_at": to_rfc3339(event.created_ms),
        "updated_at": to_rfc3339(event.updated_ms),
        "next_occurrence_at": _time(event.next_ms),
        "has_hmac_secret": event.hmac_secret is not None,
        **event.options,
    }
    return f'{json_text(first)[:-1]},"metadata":{event.metadata_json},{json_text(rest)[1:]}'


def occurrence_text(occurrence: Occurrence) -> str:
    """Return an occurrence as JSON; what is not known yet is null."""
    name = to_text(occurrence.id)
    return json_text(
        {
            "id": name,
            "occurrence_id": name,
            "event_id": to_text(occurrence.event_id),
            "scheduled_at": to_rfc3339(occurrence.scheduled_ms),
            "status": occurrence.status,
            "attempt_count": occurrence.attempt_count,
            "timestamp": _time(occurrence.changed_ms),
            "status_code": occurrence.status_code,
            "response_body": occurrence.response_body,
            "error_message": occurrence.error_message,
            "started_at": _time(occurrence.started_ms),
            "completed_at": _time(occurrence.completed_ms),
            "next_attempt_at": _time(occurrence.next_attempt_ms),
        }
    )


def _time(ms: int | None) -> str | None:
    return None if ms is None else to_rfc3339(ms)
