"""Beside the schedule: previews, trigger, pause, resume, backfill."""

from __future__ import annotations

from flask import Response

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import audited, event_state, only_asked
from app.api.http.auth import access, require_right
from app.api.http.conditional import event_answer, version_to_match
from app.api.http.context import services
from app.api.http.idempotency import moment_ms, repeatable
from app.api.http.paging import LOCATED
from app.api.http.public_urls import absolute
from app.api.http.smorest import Blueprint
from app.api.schemas.events import EventSchema
from app.api.schemas.occurrences import OccurrenceSchema
from app.api.schemas.planning import (
    BackfillRangeSchema,
    BackfillSchema,
    DraftSchema,
    OutlookSchema,
    PauseSchema,
    PlannedSchema,
    Range,
)
from app.api.schemas.queries import DryRunSchema, PreviewQuery, PreviewQuerySchema
from app.api.schemas.representations import occurrence_text, outlook_text, planned_list
from app.domain.ids import to_text
from app.domain.pause import Pause
from app.services.queries import EventChanges

blueprint = Blueprint("planning", __name__, description="Looking ahead, and acts by hand")
blueprint.before_request(require_right)


@blueprint.operation("/events/<event_id>/preview")
@blueprint.reads(PreviewQuerySchema, "query")
@blueprint.answers(200, {"oneOf": [PlannedSchema(many=True), OutlookSchema]})
@blueprint.refuses(401, 403, 404)
def preview_event(query: PreviewQuery, event_id: str) -> Response:
    """Compute when an event would fire next; nothing is stored."""
    found = services().previews.of_event(
        event_id, access(), query.count, query.from_ms, query.to_ms
    )
    return json_answer(outlook_text(found) if query.detail else json_text(planned_list(found)))


@blueprint.operation("/preview", "POST")
@blueprint.reads(PreviewQuerySchema, "query")
@blueprint.reads(DraftSchema)
@blueprint.answers(200, OutlookSchema)
@blueprint.refuses(401, 403, 413, 415)
def preview_schedule(query: PreviewQuery, changes: EventChanges) -> Response:
    """Say in words and times what a schedule that is not saved would do."""
    found = services().previews.of_draft(changes, query.count, query.from_ms, query.to_ms)
    return json_answer(outlook_text(found))


@blueprint.operation("/events/<event_id>/trigger", "POST")
@audited("event.trigger")
@blueprint.answers(202, OccurrenceSchema, headers=LOCATED)
@blueprint.refuses(401, 403, 404, 409, 412)
@repeatable(blueprint)
def trigger_event(event_id: str) -> Response:
    """Deliver now, beside the schedule."""
    occurrence = services().actions.trigger(
        event_id, access(), version_to_match(event_id), moment_ms()
    )
    where = absolute(f"/occurrences/{to_text(occurrence.id)}")
    return json_answer(occurrence_text(occurrence), 202, {"Location": where})


@blueprint.operation("/events/<event_id>/pause", "POST")
@audited("event.pause", event_state)
@blueprint.reads(PauseSchema, "optional json")
@blueprint.answers(200, EventSchema)
@blueprint.refuses(401, 403, 404, 409, 412)
@repeatable(blueprint)
def pause_event(pause: Pause, event_id: str) -> Response:
    """Pause an event, for good or until a moment."""
    event = services().actions.pause(
        event_id, access(), pause.until_ms, pause.note, version_to_match(event_id)
    )
    return event_answer(event)


@blueprint.operation("/events/<event_id>/resume", "POST")
@audited("event.resume", event_state)
@blueprint.answers(200, EventSchema)
@blueprint.refuses(401, 403, 404, 409, 412)
@repeatable(blueprint)
def resume_event(event_id: str) -> Response:
    """Let a paused event go on with its next future occurrence."""
    return event_answer(services().actions.resume(event_id, access(), version_to_match(event_id)))


@blueprint.operation("/events/<event_id>/backfill", "POST")
@audited("event.backfill")
@blueprint.reads(DryRunSchema, "query")
@blueprint.reads(BackfillRangeSchema)
@blueprint.answers(200, BackfillSchema)
@blueprint.refuses(401, 403, 404, 409, 412, 413, 415)
@repeatable(blueprint)
def backfill_event(dry_run: bool, span: Range, event_id: str) -> Response:
    """Add the occurrences that the schedule would have had in a past range.

    Count first, with dry_run=true.
    """
    wanted = version_to_match(event_id)
    found = services().actions.backfill(
        event_id, access(), span.from_ms, span.to_ms, wanted, dry_run=dry_run
    )
    if dry_run:
        only_asked()
    added = 0 if dry_run else found.count - found.existing
    return json_answer(
        json_text({"count": found.count, "existing": found.existing, "added": added})
    )
