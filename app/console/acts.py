"""What people do in the console: the use cases of the API, written into the same audit log.

Each act answers as the API's own call does, because the audit log takes the state after a change
from the answer. The pages do not show these answers.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Response
from marshmallow import ValidationError

from app.api.http.answers import json_answer
from app.api.http.audit_trail import audited, event_state
from app.api.http.auth import access, bearer
from app.api.http.context import services
from app.api.schemas.planning import PauseSchema
from app.api.schemas.representations import event_text, occurrence_text, redelivery_text
from app.api.schemas.validation import invalid
from app.domain.redelivery_job import RedeliveryRequest
from app.services.queries import EventChanges


def create(changes: EventChanges) -> Response:
    """Create an event."""

    @audited("event.create")
    def created() -> Response:
        return json_answer(event_text(services().events.create(changes, access())), 201)

    return created()


def update(event_id: str, changes: EventChanges, version: int | None) -> Response:
    """Change an event, unless it was changed since this version."""

    @audited("event.update", event_state)
    def updated(event_id: str) -> Response:
        return json_answer(
            event_text(services().events.update(event_id, changes, access(), version))
        )

    return updated(event_id=event_id)


def pause(event_id: str, note: str | None = None) -> Response:
    """Pause an event for good; raises ``InvalidInput`` for a note that the API would refuse."""
    try:
        wanted = PauseSchema().load({"note": note})
    except ValidationError as error:
        raise invalid(error) from None

    @audited("event.pause", event_state)
    def paused(event_id: str) -> Response:
        event = services().actions.pause(event_id, access(), wanted.until_ms, wanted.note)
        return json_answer(event_text(event))

    return paused(event_id=event_id)


@audited("event.resume", event_state)
def resume(event_id: str) -> Response:
    """Let a paused event go on."""
    return json_answer(event_text(services().actions.resume(event_id, access())))


@audited("event.trigger")
def trigger(event_id: str) -> Response:
    """Deliver now, beside the schedule."""
    return json_answer(occurrence_text(services().actions.trigger(event_id, access())), 202)


@audited("event.delete", event_state)
def delete(event_id: str) -> Response:
    """Delete an event; what is recorded stays readable."""
    services().events.delete(event_id, access(), None)
    return Response(status=204)


@audited("occurrence.retry")
def redeliver(occurrence_id: str) -> Response:
    """Attempt an occurrence again."""
    occurrence = services().redeliveries.redeliver(occurrence_id, access(), fresh=False)
    return json_answer(occurrence_text(occurrence), 202)


def redeliver_many(wanted: RedeliveryRequest) -> Response:
    """Attempt many occurrences again, in the background."""

    @audited("retry.create")
    def started() -> Response:
        job = services().redeliveries.create(wanted, access(), bearer().credential)
        return json_answer(redelivery_text(job), 202)

    return started()


OF_ONE_EVENT: dict[str, Callable[..., Response]] = {
    "trigger": trigger,
    "pause": pause,
    "resume": resume,
    "delete": delete,
}
"""Acts that need nothing but the event's id, by their names in forms."""
