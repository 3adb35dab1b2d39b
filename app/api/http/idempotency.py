"""``Idempotency-Key``: a request that is sent again is not done again, and answered the same.

``POST /events`` has a form of its own, which ``app.services.event_creation`` tells: what its key
has made is noted in the very step that makes it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import zlib
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Response, g, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from app.api.http.audit_trail import only_asked
from app.api.http.auth import access
from app.api.http.context import services
from app.api.http.smorest import Blueprint, Decorator, View
from app.crypto.encryption import DecryptionFailed
from app.domain.once import HEADER, Once, Repetition
from app.errors import Conflict, QhronosError, StoreUnavailable

REPLAYED = "Idempotent-Replayed"
DOCUMENT = {
    "in": "header",
    "name": HEADER,
    "description": "So that the request can be sent again: it is done once, whatever happens.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_KEPT = ("Content-Type", "ETag", "Location")
_OTHER = f"This {HEADER} was sent with another request within the last day; choose a new one."
_UNDER_WAY = (
    f"A request with this {HEADER} is under way; wait for its answer, or send it again later."
)
_LOST = f"The request with this {HEADER} was done, but its answer can't be read any more."

_log = logging.getLogger(__name__)


def repeatable(blueprint: Blueprint) -> Decorator:
    """Do what a view does once for a key; stands right above the view, under what reads for it.

    The same request again is answered as the first time. What was refused is not kept: the key can
    be used again.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*values: Any, **names: str) -> Response:
            return done_once(values, lambda: view(*values, **names))

        return blueprint.takes(DOCUMENT)(wrapper)

    return decorate


def done_once(values: Any, do: Callable[[], Response]) -> Response:
    """Do what was asked for; once, if the request has a key.

    ``values`` are all that counts of the request.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return do()
    return _once(Once.of_request(key, request.path, values, access()), do)


def to_be_finished() -> None:
    """Say that the same request, sent again, shall go on: a part of it could not be done."""
    g.is_unfinished = True


def moment_ms() -> int | None:
    """Return when the request was first made, in ms UTC; ``None`` without a key."""
    repeated = repetition()
    return None if repeated is None else repeated.at_us // 1000


def repetition() -> Repetition | None:
    """Return what the request has in common with those that it repeats; ``None`` without a key."""
    return cast("Repetition | None", g.get("repetition"))


def _once(once: Once, do: Callable[[], Response]) -> Response:
    clock, store = services().clock, services().intake.answers
    begun = store.begin(once, clock.now_ms(), clock.now_us())
    if begun.digest != once.digest:
        if begun.repetition is not None:
            store.give_up(Once(once.name, begun.digest), begun.repetition)
        raise Conflict(_OTHER)
    if begun.answer is not None:
        only_asked()
        return _replayed(once, begun.answer)
    if begun.repetition is None:
        raise Conflict(_UNDER_WAY)
    g.repetition = begun.repetition
    try:
        answer = do()
    except StoreUnavailable:
        with contextlib.suppress(StoreUnavailable):
            store.give_up(once, begun.repetition)
        raise
    except (QhronosError, HTTPException, ValidationError):
        store.forget(once, begun.repetition)
        raise
    if g.get("is_unfinished"):
        store.give_up(once, begun.repetition)
    elif answer.status_code < 300:
        _keep(once, begun.repetition, answer)
    else:
        store.forget(once, begun.repetition)
    return answer


def _keep(once: Once, done: Repetition, answer: Response) -> None:
    headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
    document = json.dumps([answer.status_code, headers, answer.get_data(as_text=True)])
    try:
        packed = services().crypto.encryptor.encrypt(
            zlib.compress(document.encode(), 1), b"answer:" + once.name
        )
        services().intake.answers.keep(once, done, packed)
    except QhronosError as error:
        _log.error("the answer for an idempotency key is not kept: %s", error.message)


def _replayed(once: Once, packed: bytes) -> Response:
    try:
        plain = services().crypto.encryptor.decrypt(packed, b"answer:" + once.name)
    except DecryptionFailed:
        raise Conflict(_LOST) from None
    status, headers, text = json.loads(zlib.decompress(plain))
    return Response(text, status, {**headers, REPLAYED: "true"})
