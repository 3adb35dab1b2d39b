"""Bodies of events that come from elsewhere than a request's JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from marshmallow import ValidationError

from app.api.schemas.base import required
from app.api.schemas.events import EventSchema, missing_of
from app.api.schemas.validation import invalid
from app.domain.action import short_form
from app.services.queries import EventChanges

_EVENT = EventSchema()
"""One for all: it keeps nothing of what it has read, and making one takes longer than reading."""


def load_body(body: Mapping[str, Any]) -> EventChanges:
    """Check the body of an event as ``POST /events`` does; raises ``InvalidInput``."""
    try:
        changes: EventChanges = _EVENT.load(dict(body))
    except ValidationError as error:
        raise invalid(error) from None
    return changes


def load_item(body: Mapping[str, Any], *, explains: bool = True) -> EventChanges:
    """Check one body of many, as ``load_body`` does, in less time: what is left out is not visited.

    ``explains`` as in ``StrictSchema``. Raises ``InvalidInput``.
    """
    try:
        changes: EventChanges = EventSchema.read(body, explains=explains)
    except ValidationError as error:
        raise invalid(error) from None
    return changes


def completed(changes: EventChanges) -> EventChanges:
    """The changes of an event that is not there yet, as what creates it.

    Raises ``InvalidInput`` that names all that is missing.
    """
    given = dict(changes.given)
    missing = [*([] if "name" in given else ["name"]), *missing_of(given)]
    if missing:
        raise invalid(required(*missing))
    if "webhook" in given:
        given["action"] = short_form(given.pop("webhook"))
    return EventChanges(given)


def loader(app: Flask) -> Callable[[Mapping[str, Any]], EventChanges]:
    """Return ``load_body`` for an application that serves no requests."""

    def load(body: Mapping[str, Any]) -> EventChanges:
        with app.app_context():
            return load_body(body)

    return load
