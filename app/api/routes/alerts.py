"""``/alerts``: who is told when deliveries go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from app.api.http.answers import json_answer, json_text
from app.api.http.audit_trail import audited, only_asked
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.idempotency import repeatable, repetition
from app.api.http.paging import LISTED, LOCATED, named_answer
from app.api.http.public_urls import absolute
from app.api.http.smorest import Blueprint
from app.api.schemas.alerts import (
    AlertSchema,
    AlertTestSchema,
    AlertUpdateSchema,
    alert_members,
    alert_text,
)
from app.api.schemas.queries import ListQuery, NamedListQuerySchema

blueprint = Blueprint("alerts", __name__, description="Who is told when deliveries go wrong")
blueprint.before_request(require_right)


def alert_state(alert_id: str) -> Any:
    """Return an alert as it is answered."""
    return alert_members(services().alerts.get(alert_id, access()))


@blueprint.operation("/alerts", "POST")
@audited("alert.create")
@blueprint.reads(AlertSchema)
@blueprint.answers(201, AlertSchema, headers=LOCATED)
@blueprint.refuses(401, 403, 409, 413, 415)
@repeatable(blueprint)
def create_alert(given: Mapping[str, Any]) -> Response:
    """Create an alert: mail, or a post to Slack, Teams or a webhook, when deliveries go wrong.

    Without tags it concerns all events, and an admin makes it.
    """
    view = services().alerts.create(given, access(), repetition())
    location = absolute(f"/alerts/{view.alert.id}")
    return json_answer(alert_text(view), 201, {"Location": location})


@blueprint.operation("/alerts")
@blueprint.reads(NamedListQuerySchema, "query")
@blueprint.answers(200, AlertSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403)
def list_alerts(query: ListQuery) -> Response:
    """List alerts: those whose tags are all in your scope, or all for an admin."""
    found = {view.alert.id: view for view in services().alerts.list(access())}
    return named_answer(found, "alerts", query, alert_text)


@blueprint.operation("/alerts/<alert_id>")
@blueprint.answers(200, AlertSchema)
@blueprint.refuses(401, 403, 404)
def get_alert(alert_id: str) -> Response:
    """Read an alert, and whether its notifications arrive."""
    return json_answer(alert_text(services().alerts.get(alert_id, access())))


@blueprint.operation("/alerts/<alert_id>", "PUT")
@audited("alert.update", alert_state)
@blueprint.reads(AlertUpdateSchema)
@blueprint.answers(200, AlertSchema)
@blueprint.refuses(401, 403, 404, 413, 415)
def update_alert(given: Mapping[str, Any], alert_id: str) -> Response:
    """Change an alert. What is left out stays; what could not be sent is tried again at once."""
    return json_answer(alert_text(services().alerts.update(alert_id, given, access())))


@blueprint.operation("/alerts/<alert_id>", "DELETE")
@audited("alert.delete", alert_state)
@blueprint.answers(204)
@blueprint.refuses(401, 403, 404)
def delete_alert(alert_id: str) -> Response:
    """Delete an alert; what it has yet to tell is told to nobody."""
    services().alerts.delete(alert_id, access())
    return Response(status=204)


@blueprint.operation("/alerts/<alert_id>/test", "POST")
@audited("alert.test")
@blueprint.answers(200, AlertTestSchema)
@blueprint.refuses(401, 403, 404, 409)
@repeatable(blueprint)
def test_alert(alert_id: str) -> Response:
    """Send a test now, and say whether it arrived. It counts for the limit of an hour."""
    only_asked()
    error = services().alerts.test(alert_id, access())
    return json_answer(json_text({"arrived": error is None, "error": error}))
