"""What people do in the console: the use cases of the API, written into the same audit log.

Each act answers as the API's own call does, because the audit log takes the state after a change
from the answer. The pages do not show these answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Response
from marshmallow import ValidationError

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import State, audited, event_state, name_object
from app.api.http.auth import access, bearer, credentials
from app.api.http.context import services
from app.api.http.credentials import Grant
from app.api.schemas.alerts import alert_members, alert_text
from app.api.schemas.bulk import bulk_text
from app.api.schemas.events import EventUpdateSchema
from app.api.schemas.planning import PauseSchema
from app.api.schemas.representations import (
    calendar_members,
    event_text,
    flow_text,
    occurrence_text,
    redelivery_text,
)
from app.api.schemas.tokens import minted_text
from app.api.schemas.validation import invalid
from app.domain.access import MASTER
from app.domain.bulk_job import BulkJob, BulkRequest, retagged
from app.domain.redelivery_job import RedeliveryRequest
from app.services.audit import MASTER_NAME
from app.services.bulk_audit import ACTION as BULK
from app.services.queries import EventChanges


def _flow_state(space: str | None) -> State:
    return lambda key: json.loads(flow_text(services().flows.get(key, access(), space)))


def _calendar_state(name: str) -> Any:
    return calendar_members(services().calendars.get(name, access()))


def _alert_state(alert_id: str) -> Any:
    return alert_members(services().alerts.get(alert_id, access()))


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


def retag(event_id: str, add: Sequence[str], remove: Sequence[str]) -> Response:
    """Give an event tags and take some away, in the order in which they stand."""
    event = services().events.get(event_id, access())
    try:
        changes = EventUpdateSchema().load({"tags": list(retagged(event.tags, add, remove))})
    except ValidationError as error:
        raise invalid(error) from None
    return update(event_id, changes, event.version)


def pause(event_id: str, note: str | None = None, until: str | None = None) -> Response:
    """Pause an event, for good or until a moment as the API takes it.

    Raises ``InvalidInput`` for what the API would refuse.
    """
    try:
        wanted = PauseSchema().load({"note": note, "until": until})
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


@audited("event.pause", event_state)
def delete(event_id: str) -> Response:
    """Have an event deleted, after a while in which that can be undone; it is paused till then.

    That it is deleted is an entry of its own, made when it is.
    """
    asker = bearer()
    actor = MASTER_NAME if asker.access is MASTER else asker.access.subject
    event = services().deletions.ask(event_id, access(), actor, asker.jti)
    return json_answer(event_text(event))


@audited("event.update", event_state)
def undelete(event_id: str) -> Response:
    """Undo an event's deletion."""
    return json_answer(event_text(services().deletions.undo(event_id, access())))


def change_many(wanted: BulkRequest, delay_ms: int) -> BulkJob:
    """Do one thing to all events that a filter means, in the background, after a delay."""
    made: list[BulkJob] = []

    @audited(BULK)
    def started() -> Response:
        made.append(
            services().bulk.create(wanted, access(), bearer().credential, delay_ms=delay_ms)
        )
        return json_answer(bulk_text(made[0]), 202)

    started()
    return made[0]


@audited("bulk.cancel", lambda job_id: json.loads(bulk_text(services().bulk.get(job_id, access()))))
def cancel_bulk(job_id: str) -> Response:
    """End a bulk job; what it has changed stays so."""
    return json_answer(bulk_text(services().bulk.cancel(job_id, access())))


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


@audited(
    "retry.cancel",
    lambda job_id: json.loads(redelivery_text(services().redeliveries.get(job_id, access()))),
)
def cancel_redelivery(job_id: str) -> Response:
    """End a redelivery of many; what it has sent already is attempted all the same."""
    return json_answer(redelivery_text(services().redeliveries.cancel(job_id, access())))


def create_token(grant: Grant) -> str:
    """Make a token; it is stored nowhere. Returns it."""

    @audited("token.create")
    def created() -> Response:
        minted = credentials().issue(grant, bearer())
        name_object(minted.jti)
        return json_answer(minted_text(minted, grant))

    return str(json.loads(created().get_data())["token"])


@audited("token.revoke")
def revoke_token(jti: str) -> Response:
    """Revoke a token, at once and for good."""
    services().tokens.revoke(jti)
    return Response(status=204)


def put_flow(key: str, space: str | None, limits: Mapping[str, Any]) -> Response:
    """Set limits of a flow; ``None`` clears one."""

    @audited("flow.put", _flow_state(space))
    def put(key: str) -> Response:
        flow, _ = services().flows.change(key, limits, access(), space)
        return json_answer(flow_text(flow))

    return put(key=key)


def pause_flow(key: str, space: str | None, *, paused: bool) -> Response:
    """Pause or resume a flow."""
    flows = services().flows
    name, act = ("flow.pause", flows.pause) if paused else ("flow.resume", flows.resume)

    @audited(name, _flow_state(space))
    def done(key: str) -> Response:
        return json_answer(flow_text(act(key, access(), space)))

    return done(key=key)


@audited("calendar.delete", _calendar_state)
def delete_calendar(name: str) -> Response:
    """Delete a calendar that no event names."""
    services().calendars.delete(name, access())
    return Response(status=204)


def put_calendar(name: str, definition: Mapping[str, Any]) -> Response:
    """Create or replace a calendar."""

    @audited("calendar.put", _calendar_state)
    def put(name: str) -> Response:
        view, _ = services().calendars.put(name, definition, access())
        return json_answer(json_text(calendar_members(view)))

    return put(name=name)


def create_alert(given: Mapping[str, Any]) -> str:
    """Make an alert; returns its id."""

    @audited("alert.create")
    def created() -> Response:
        return json_answer(alert_text(services().alerts.create(given, access())), 201)

    return str(json.loads(created().get_data())["id"])


def update_alert(alert_id: str, given: Mapping[str, Any]) -> Response:
    """Change an alert."""

    @audited("alert.update", _alert_state)
    def updated(alert_id: str) -> Response:
        return json_answer(alert_text(services().alerts.update(alert_id, given, access())))

    return updated(alert_id=alert_id)


@audited("alert.delete", _alert_state)
def delete_alert(alert_id: str) -> Response:
    """Delete an alert."""
    services().alerts.delete(alert_id, access())
    return Response(status=204)


OF_ONE_EVENT: dict[str, Callable[..., Response]] = {
    "trigger": trigger,
    "pause": pause,
    "resume": resume,
    "delete": delete,
    "undelete": undelete,
}
"""Acts that need nothing but the event's id, by their names in forms."""
