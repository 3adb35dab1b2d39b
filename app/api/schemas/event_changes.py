"""What the fields of a body have read, as changes of an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from app.domain.action import APICALL, Action, short_form
from app.domain.event import EventStatus
from app.services.queries import EventChanges


def changes_of(data: dict[str, Any], *, is_new: bool) -> EventChanges:
    """The changes; the short form of an action is kept as such, unless the event is new."""
    has_short = "webhook" in data
    short, action = data.pop("webhook", None), data.pop("action", None)
    if action is not None:
        if short is not None and short != action.short:
            raise ValidationError("must be the short form of action, or be left out", "webhook")
        data |= _without_headers(action, data)
    elif short is not None and not is_new:
        data["webhook"] = short
    elif short is not None:
        data["action"] = short_form(short)
    elif has_short:
        raise ValidationError("must not be null", "webhook")
    if "status" in data:
        data["status"] = EventStatus(data["status"])
    return EventChanges(data)


def _without_headers(action: Action, data: Mapping[str, Any]) -> dict[str, Any]:
    """The action without its headers, and these as those of the event.

    Those of a call are its action's: without any, it has none.
    """
    params = dict(action.params)
    headers = params.pop("headers", None)
    changes: dict[str, Any] = {"action": action._replace(params=params)}
    if headers is None and (action.kind != APICALL or "headers" in data):
        return changes
    if "headers" in data and (data["headers"] or None) != headers:
        raise ValidationError(
            "must be the same as action.params.headers, or be left out", "headers"
        )
    return {**changes, "headers": headers}
