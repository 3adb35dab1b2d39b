"""A new event, and a change of one: a form, and beside it what it would do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import access
from app.api.http.context import services
from app.api.schemas.events import EventSchema, EventUpdateSchema
from app.api.schemas.planning import DraftSchema
from app.console import acts, forms
from app.domain import ids
from app.domain.action import WEBHOOK
from app.domain.times import to_rfc3339
from app.errors import InvalidInput, QhronosError
from app.services.previews import Difference, Outlook

AHEAD = 10
"""Planned times that are shown while somebody types."""

ASKED = ("kind", "value", "timezone")
"""What an address may fill in."""

LONGEST_VERSION = 18
"""Digits."""


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/new", "new_event", show_new)
    console.add_url_rule("/new", "create_event", create, methods=["POST"])
    console.add_url_rule("/events/<event_id>/edit", "edit_event", show_edit)
    console.add_url_rule("/events/<event_id>/edit", "change_event", change, methods=["POST"])
    console.add_url_rule("/preview", "preview", preview, methods=["POST"])


def show_new() -> str:
    """An empty form, or one with what another event has."""
    given: Mapping[str, str] = {"kind": "words"}
    asked = {name: request.args[name] for name in ASKED if request.args.get(name)}
    given = {**given, **asked}
    like = request.args.get("like")
    if like:
        given = forms.filled(services().events.get(like, access()))
    return _form(given)


def create() -> AnyResponse | tuple[str, int]:
    """Create the event, or show what to change."""
    try:
        changes = EventSchema().load(_whole(_body()))
        answer = acts.create(changes)
    except (InvalidInput, ValidationError) as error:
        return _form(request.form, problem=forms.problem_of(error)), 400
    except QhronosError as error:
        return _form(request.form, problem=InvalidInput(error.message)), 409
    event_id = json.loads(answer.get_data())["id"]
    return redirect(url_for("console.event", event_id=event_id), 303)


def show_edit(event_id: str) -> str:
    """The form of an event that is there."""
    event = services().events.get(event_id, access())
    return _form(forms.filled(event), event_id, version=event.version)


def change(event_id: str) -> AnyResponse | tuple[str, int]:
    """Change what was typed anew, and nothing else."""
    version = request.form.get("version", "")
    try:
        changes = EventUpdateSchema().load(_changed(event_id))
        acts.update(event_id, changes, _version(version))
    except (InvalidInput, ValidationError) as error:
        return _form(request.form, event_id, version, forms.problem_of(error)), 400
    except QhronosError as error:
        return _form(request.form, event_id, version, InvalidInput(error.message)), 409
    return redirect(url_for("console.event", event_id=event_id), 303)


def preview() -> str:
    """What the form would do, while somebody types; nothing is stored."""
    outlook, difference, problem = None, None, None
    try:
        outlook, difference = _preview()
    except (InvalidInput, ValidationError) as error:
        problem = forms.problem_of(error)
    except QhronosError as error:
        problem = InvalidInput(error.message)
    return render_template(
        "console/preview.html",
        outlook=outlook,
        difference=difference,
        problem=problem,
        zone=request.form.get("timezone") or None,
    )


def _preview() -> tuple[Outlook, Difference | None]:
    outlook = _outlook_of(request.form)
    event_id = request.form.get("event_id", "")
    if not ids.from_text(event_id, version=7):
        return outlook, None
    changes = EventUpdateSchema().load(_changed(event_id))
    return outlook, services().previews.of_change(event_id, changes, access())


def outlook_of_form(form: Mapping[str, str]) -> tuple[Outlook | None, InvalidInput | None]:
    """What a form says when, or what is wrong with it."""
    try:
        return _outlook_of(form), None
    except (InvalidInput, ValidationError) as error:
        return None, forms.problem_of(error)
    except QhronosError as error:
        return None, InvalidInput(error.message)


def _outlook_of(form: Mapping[str, str]) -> Outlook:
    """What a form says when."""
    when = forms.when_of(form)
    delay = when.pop("delay", None)
    now_ms = services().clock.now_ms()
    if delay is not None:
        draft = EventSchema(partial=True).load({"delay": delay})
        ms = services().events.drafted(draft, access()).start_ms
        when = {"start_time": to_rfc3339(ms), "schedule": None}
    if "text" not in when:
        when.setdefault("start_time", to_rfc3339(now_ms))
    body = when | {name: form.get(name) or None for name in ("timezone", "jitter")}
    return services().previews.of_draft(DraftSchema().load(body), AHEAD, None, None)


def _body() -> dict[str, Any]:
    """What a form would send to the API; words are what they were understood as."""
    body = forms.body_of(request.form)
    if body.pop("text", None) is None:
        return body
    understood = _outlook_of(request.form).understood
    if understood is None:  # a text is always understood, or refused
        return body
    return body | {
        "start_time": understood.start_time,
        "schedule": understood.schedule,
        "timezone": understood.timezone,
    }


def _changed(event_id: str) -> dict[str, Any]:
    """What a form says otherwise than the event."""
    old = forms.body_of(forms.filled(services().events.get(event_id, access())))
    new = _body()
    if "action" in old and "webhook" in new:  # in full: nothing of the action stays
        new["action"] = {"type": WEBHOOK, "params": {"url": new.pop("webhook")}}
    return {name: value for name, value in new.items() if old.get(name) != value}


def _whole(body: dict[str, Any]) -> dict[str, Any]:
    """A new event: it starts now if nothing else was said."""
    if "start_time" not in body and "delay" not in body:
        body["start_time"] = to_rfc3339(services().clock.now_ms())
    return {name: value for name, value in body.items() if value is not None}


def _version(text: str) -> int | None:
    """The version that was read; ``None``: the form was not made by a page of ours."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_VERSION):
        raise InvalidInput.field("version", "must be a number, as the page of the event had it")
    return int(text)


def _form(
    given: Mapping[str, str],
    event_id: str | None = None,
    version: int | str | None = None,
    problem: InvalidInput | None = None,
) -> str:
    return render_template(
        "console/event_form.html",
        given=given,
        event_id=event_id,
        read_version=version,
        kinds=forms.KINDS,
        examples=forms.EXAMPLES,
        problem=problem,
        fields=(problem.fields or {}) if problem else {},
        today=datetime.fromtimestamp(services().clock.now_ms() / 1000, UTC),
    )
