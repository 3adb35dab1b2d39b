"""The one seam through which changes are written into the audit log."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, g, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from app.api.http.auth import access, bearer
from app.api.http.context import services
from app.api.http.smorest import Decorator, View
from app.api.schemas.representations import event_text
from app.domain.access import MASTER
from app.domain.event import Event
from app.domain.ids import to_text
from app.errors import QhronosError, StoreUnavailable
from app.services.audit import MASTER_NAME, Act
from app.store.audit_intents import Intent, intending

State = Callable[[str], Any]
"""Reads an object's state, as JSON, by the name that the path gives."""

_log = logging.getLogger(__name__)


def audited(
    action: str,
    before: State | None = None,
    *,
    created: Callable[[Event], Any] | None = None,
    find: Callable[[str], str | None] | None = None,
) -> Decorator:
    """Write a view's change into the audit log once it has succeeded.

    The object is what the path names, else what ``name_object`` was told, else the answer's
    ``id``; the state after is the answer. ``before`` reads the state that is about to change. What
    ``only_asked`` is no change.

    Before anything is written, the store has the intent. So a change has its entry even if this
    process or the store ends before the view does; that entry says that the outcome is unknown.
    With ``created``, which says how an event will be answered, the event that a view creates is
    written together with its entry. ``find`` finds the object's name by what the path has instead.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**names: str) -> Response:
            named = next(iter(names.values()), None)
            if find is not None and named is not None:
                named = find(named)
            was = _read(before, named)
            intent = services().audit.intent_of(lambda about: _act(action, named or about, was))
            intent.standing = g.get("standing")
            if created is not None:
                services().audit.create_with(
                    intent, lambda event: _act(action, to_text(event.id), None, created(event))
                )
            try:
                with intending(intent):
                    answer = view(**names)
            except (QhronosError, HTTPException, ValidationError) as error:
                if not isinstance(error, StoreUnavailable):
                    services().audit.withdraw(intent)
                raise
            if intent.is_recorded:
                _tell(g.get("audit_as", action), answer.get_data())
                return answer
            if answer.status_code < 300 and not g.get("audit_only_asked"):
                after = _answered(answer)
                _write(_act(action, named, was, after), intent)
                _tell(action, was if after is None else after)
            else:
                services().audit.withdraw(intent)
            return answer

        vars(wrapper)["audited"] = action
        return wrapper

    return decorate


def _tell(action: str, event: Any) -> None:
    """Have those who listen hear of a change."""
    if action.startswith("event."):
        services().storage.changes.event(action, event)


def name_object(name: str) -> None:
    """Say what the request is about to change, where neither path nor answer does."""
    g.audit_object = name


def record_as(action: str, after: Any = None) -> None:
    """Say what the request does, where its view serves several kinds, and what to record of it.

    Without ``after`` that is the answer.
    """
    g.audit_as = action
    g.audit_after = after


def record_too(action: str, after: Any) -> None:
    """Add an entry to the request's own, which has no room for all that was changed."""
    services().audit.record(_act(action, None, None, after, is_own=False))


def only_asked() -> None:
    """Say that the request changes nothing: a dry run, of those that can be dry."""
    g.audit_only_asked = True


def event_state(event_id: str) -> Any:
    """Return an event as it is answered."""
    return json.loads(event_text(services().events.get(event_id, access())))


def _read(before: State | None, name: str | None) -> Any:
    if before is None or name is None:
        return None
    try:
        return before(name)
    except QhronosError:
        return None  # the view says what is wrong


def _answered(answer: Response) -> Any:
    text = answer.get_data(as_text=True)
    return json.loads(text) if text and answer.is_json else None


def _act(
    action: str, named: str | None, before: Any, after: Any = None, *, is_own: bool = True
) -> Act:
    asker = bearer()
    named = named or g.get("audit_object")
    if named is None and isinstance(after, dict):
        named = after.get("id")
    if is_own and g.get("audit_after") is not None:
        after = g.audit_after
    return Act(
        actor=asker.access.subject if asker.access is not MASTER else MASTER_NAME,
        token=asker.jti,
        address=request.remote_addr,
        action=g.get("audit_as", action),
        object=named,
        before=before,
        after=after,
        request=g.request_id,
    )


def _write(act: Act, intent: Intent) -> None:
    try:
        services().audit.record(act, intent)
    except QhronosError as error:
        _log.error(
            "a change is not in the audit log yet: %s Its entry will be made by upkeep, and say "
            "that the outcome is unknown.",
            error.message,
            extra={
                "action": act.action,
                "object": act.object,
                "actor": act.actor,
                "request": act.request,
            },
        )
