"""One event: what it does, what it did, and what can be done with it."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import access
from app.api.http.context import services
from app.api.schemas.representations import event_text
from app.console import acts
from app.console.history import entries_of
from app.console.pages.events import explained
from app.console.show import of_host
from app.console.wording import waits_for
from app.domain import ids
from app.domain.event import Event
from app.errors import InvalidInput, NotFound, QhronosError
from app.services.audit import AuditQuery
from app.services.overview_parts import host_of
from app.services.previews import Outlook
from app.services.queries import OccurrenceQuery

SHOWN = 25
"""Occurrences on one page."""
AHEAD = 10
"""Planned times that are shown."""
CHANGES = 20
"""Entries of the audit log that are shown."""

KEPT_APART = {"id", "name", "description", "webhook", "action", "metadata", "tags", "status"}
"""What of an event has a place of its own on the page."""


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/events/<event_id>", "event", show)
    console.add_url_rule("/events/<event_id>/<act>", "act_on_event", do, methods=["POST"])


def show(event_id: str, problem: str | None = None) -> str | tuple[str, int]:
    """The event, its next and its last occurrences."""
    try:
        event = services().events.get(event_id, access())
    except NotFound as error:
        return _gone(event_id, error.message)
    cursor = request.args.get("cursor")
    members: dict[str, Any] = json.loads(event_text(event))
    outlook, trouble = _outlook(event_id, event)
    return render_template(
        "console/event.html",
        event=event,
        event_id=event_id,
        explained=explained(event),
        zone=event.definition.timezone,
        outlook=outlook,
        trouble=trouble,
        waits_for=_waits_for(event),
        found=services().occurrences.of_event(event_id, access(), SHOWN, cursor),
        last=services().overview.last_of([event], 30)[event.id],
        settings={
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in members.items()
            if name not in KEPT_APART and value not in (None, [], {})
        },
        metadata=json.dumps(members["metadata"], indent=2, ensure_ascii=False),
        history=_history(event_id),
        problem=problem,
    )


def do(event_id: str, act: str) -> AnyResponse | tuple[str, int]:
    """Trigger, pause, resume, delete, undo that; what the API would refuse is told on the page."""
    how = acts.OF_ONE_EVENT.get(act)
    if how is None:
        raise NotFound("An event can't be told to do this.")
    try:
        if act == "pause":
            given = {name: request.form.get(name, "").strip() or None for name in ("note", "until")}
            acts.pause(event_id, **given)
        else:
            how(event_id=event_id)
    except (InvalidInput, NotFound):
        raise
    except QhronosError as error:
        page = show(event_id, error.message)
        return (page, 409) if isinstance(page, str) else page
    return redirect(url_for("console.event", event_id=event_id), 303)


def _gone(event_id: str, message: str) -> tuple[str, int]:
    """Where an old link leads: what the event was called, and what is left of it."""
    raw = ids.from_text(event_id, version=7)
    if raw is None:
        raise NotFound(message)
    query = OccurrenceQuery(event_id=event_id, limit=SHOWN)
    page = render_template(
        "console/gone.html",
        event_id=event_id,
        made_ms=ids.created_ms(raw),
        last=services().overview.last_name(event_id, access()),
        found=services().occurrences.list(query, access()),
        history=_history(event_id),
    )
    return page, 404


def _waits_for(event: Event) -> str | None:
    """For what its next occurrence waits; ``None`` if that is not due."""
    if event.next_ms is None or event.next_ms > services().clock.now_ms():
        return None
    breakers = services().health.breakers() if access().is_admin else {}
    return waits_for(event, of_host(breakers, host_of(event.action.target)))


def _outlook(event_id: str, event: Event) -> tuple[Outlook | None, str | None]:
    """What comes next, or why that is not known."""
    if event.status != "active":
        return None, None
    try:
        return services().previews.of_event(event_id, access(), AHEAD, None, None), None
    except QhronosError as error:
        return None, error.message


def _history(event_id: str) -> list[dict[str, Any]]:
    """Who changed what, newest first; for who may read the audit log."""
    if not access().is_admin or ids.from_text(event_id, version=7) is None:
        return []
    found, _ = services().audit.page(AuditQuery(object=event_id, limit=CHANGES))
    return entries_of(found)
