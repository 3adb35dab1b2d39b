"""Errors as JSON answers: the one table from error to HTTP status, and the one shape."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.answers import json_answer, json_text
from app.api.schemas.validation import invalid
from app.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    QhronosError,
    StaleVersion,
    StoreUnavailable,
    TooBusy,
    Unauthenticated,
)

_log = logging.getLogger(__name__)

STATUS: dict[type[QhronosError], int] = {
    InvalidInput: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    StaleVersion: 412,
    TooBusy: 429,
    StoreUnavailable: 503,
}

_SENTENCES = {
    400: "The request is malformed; check its syntax.",
    404: "Nothing is at this path; see /docs for what there is.",
    414: "The address is too long; shorten the query.",
    431: "The headers are too large; send fewer or shorter ones.",
}
"""For errors that the framework finds; its own sentences speak of browsers."""

BROKEN = "Something broke on our side; the log has the details under this answer's X-Request-Id."
RETRY_AFTER_SECONDS = "1"
BEARER = 'Bearer realm="qhronos"'


def register_errors(app: Flask) -> None:
    """Answer every error of every path and method in JSON."""
    app.before_request(_refuse_more_slashes)
    app.register_error_handler(QhronosError, answer_to)
    app.register_error_handler(ValidationError, _answer_validation)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)


def _refuse_more_slashes() -> None:
    """Werkzeug takes ``//events`` for ``/events``; a path has one spelling."""
    if request.environ.get("PATH_INFO", "").startswith("//"):
        raise NotFound(_SENTENCES[404])


def error_answer(
    status: int,
    message: str,
    fields: Mapping[str, list[str]] | None = None,
    more: Mapping[str, str] | None = None,
) -> Response:
    """Return the JSON that stands for an error; ``more`` are members that are JSON already."""
    body: dict[str, Any] = {"error": message}
    if fields:
        body["fields"] = fields
    text = json_text(body)
    for name, value in (more or {}).items():
        text = f'{text[:-1]},"{name}":{value}}}'
    return json_answer(text, status)


def status_of(error: QhronosError) -> int:
    """The status of an error; 500 for one that is not the caller's."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def answer_to(error: QhronosError) -> Response:
    """Answer an error, with the headers that belong to its status."""
    status = status_of(error)
    if status == 500:
        return _answer_unexpected(error)
    answer = error_answer(status, error.message, error.fields)
    if status == 401:
        answer.headers["WWW-Authenticate"] = g.get("challenge", BEARER)
    if status in (429, 503):
        answer.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return answer


def _answer_validation(error: ValidationError) -> Response:
    return answer_to(invalid(error))


def _answer_http(error: HTTPException) -> AnyResponse:
    """Keep the framework's status and headers (``Allow``, ``Retry-After``); say it in JSON."""
    code = error.code or 500
    if code < 400:
        return error.get_response(request.environ)
    answer = error_answer(code, _sentence(error, code))
    for name, value in error.get_headers(request.environ):
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def _sentence(error: HTTPException, code: int) -> str:
    if code == 429:
        return f"Too many requests (the limit is {error.description}); wait for Retry-After."
    if error.description and error.description != type(error).description:
        return error.description
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return f"{request.method} is not possible here; use {allowed}."
    return _SENTENCES.get(code, f"{error.name}.")


def _answer_unexpected(error: Exception) -> Response:
    _log.error("unexpected error; request %s", g.get("request_id"), exc_info=error)
    return error_answer(500, BROKEN)
