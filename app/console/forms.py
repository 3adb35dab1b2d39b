"""The form of an event: from what was typed to a request of the API, and back.

What is typed becomes the JSON that one would send to the API, and the API's own schemas judge it:
so the console accepts and refuses what the API does, with the same sentences.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from app.api.http import json_body
from app.api.schemas.representations import event_text
from app.api.schemas.validation import invalid
from app.domain.action import WEBHOOK
from app.domain.event import Event
from app.errors import InvalidInput

KINDS = {
    "words": "In words",
    "once": "Once, at a time",
    "delay": "Once, after a delay",
    "every": "Again and again",
    "cron": "By a cron line",
    "rrule": "By a rule (RFC 5545)",
    "json": "By a schedule in JSON",
}
"""How somebody may say when: by the name in the form."""

EXAMPLES = {
    "words": "every second Friday at 9:00",
    "every": "15m",
    "cron": "0 9 * * 1-5",
    "rrule": "FREQ=MONTHLY;BYDAY=-1FR",
    "delay": "30m",
    "json": '{"frequency": "weekly", "interval": 2}',
}

TEXTS = ("description", "timezone", "jitter", "timeout", "overlap")
"""What is sent as it was typed, or not at all."""


def body_of(form: Mapping[str, str]) -> dict[str, Any]:
    """Return what a form would send to the API; raises ``InvalidInput`` for JSON that is none."""
    given = {name: value.strip() for name, value in form.items()}
    body: dict[str, Any] = {"name": given.get("name", "")}
    if given.get("action"):  # what is not a plain webhook
        body["action"] = json_field("action", given["action"])
    else:
        body["webhook"] = given.get("webhook", "")
    for name in TEXTS:
        body[name] = given.get(name) or None
    body["tags"] = given.get("tags", "").replace(",", " ").split()
    body |= when_of(given)
    if given.get("metadata"):
        body["metadata"] = json_field("metadata", given["metadata"])
    if given.get("retry"):
        body["retry"] = json_field("retry", given["retry"])
    return body


def when_of(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the members that say when."""
    kind, value = form.get("kind", "once"), form.get("value", "").strip()
    start = form.get("start_time", "").strip()
    if kind == "delay":
        return {"delay": value, "schedule": None}
    body: dict[str, Any] = {"start_time": start} if start else {}
    if kind == "words":
        return body | {"text": value}
    if kind in ("every", "cron", "rrule"):
        return body | {"schedule": {kind: value}}
    if kind == "json":
        return body | {"schedule": json_field("schedule", value)}
    return body | {"schedule": None}


def filled(event: Event) -> dict[str, str]:
    """Return the form of an event that is there."""
    members = json.loads(event_text(event))
    form = {
        name: members[name]
        for name in ("name", "webhook", *TEXTS)
        if isinstance(members.get(name), str)
    }
    form["tags"] = ", ".join(event.tags)
    form["start_time"] = members["start_time"]
    form["kind"], form["value"] = _kind_of(members["schedule"])
    if members["action"]["type"] != WEBHOOK or len(event.action.params) > 1:
        form["action"] = json.dumps(members["action"], indent=2, ensure_ascii=False)
        form.pop("webhook", None)
    for name in ("metadata", "retry"):
        if members.get(name):
            form[name] = json.dumps(members[name], indent=2, ensure_ascii=False)
    return form


def _kind_of(schedule: Mapping[str, Any] | None) -> tuple[str, str]:
    if not schedule:
        return "once", ""
    if len(schedule) == 1:
        ((name, value),) = schedule.items()
        if name in KINDS and isinstance(value, str):
            return name, value
    return "json", json.dumps(schedule, ensure_ascii=False)


def problem_of(error: InvalidInput | ValidationError) -> InvalidInput:
    """Return what is wrong with a form, whether a schema has found it or something else."""
    return invalid(error) if isinstance(error, ValidationError) else error


def json_field(name: str, text: str) -> Any:
    """Read JSON; raises ``InvalidInput`` that names the field."""
    try:
        return json_body.parse(text.encode())
    except InvalidInput as error:
        raise InvalidInput.field(name, error.message) from None
