"""Requests whose method, headers and body are an event's own: their parameters, and their bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.delivery.cloud_events import STRUCTURED, check_data, encoded
from app.delivery.rendering import (
    check_templates,
    facts_of,
    render_body,
    render_header,
    render_url,
)
from app.delivery.request import POST, Identity, Job, ReadUrl, Request
from app.delivery.signed_headers import own_lines, signed_headers
from app.domain.action import Action, JsonText
from app.domain.headers import CONTENT_TYPE, MAX_HEADERS, MAX_VALUE, Headers, parse_headers
from app.domain.ids import to_text
from app.domain.targets import ascii_url
from app.domain.template import Facts
from app.errors import InvalidInput

MAX_BODY = 65_536
"""Bytes of a body that an event gives."""

_WITH_LENGTH = ("POST", "PUT", "PATCH")
"""Methods whose requests tell of an empty body (RFC 9110, section 8.6)."""

_MEMBERS = ("url", "method", "headers", "body")

_JSON, _TEXT = "application/json", "text/plain; charset=utf-8"


def params_document(methods: Sequence[str], required: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of the parameters."""
    return {
        "type": "object",
        "properties": {
            "url": {
                "type": "string",
                "format": "uri",
                "maxLength": 2_048,
                "example": "https://example.com/hook",
            },
            "method": {"type": "string", "enum": list(methods)},
            "headers": {
                "type": "object",
                "maxProperties": MAX_HEADERS,
                "additionalProperties": {"type": "string", "maxLength": MAX_VALUE},
                "description": "Answers mask the values; *** sent back keeps what is stored.",
                "example": {"X-Team": "billing"},
            },
            "body": {
                # Any type: clients in some languages have none for one of several.
                "description": "An object or a list is sent as JSON, a text as it is.",
                "example": {"invoice": 17},
            },
        },
        "required": list(required),
        "additionalProperties": False,
    }


def read_params(
    params: Any, url: ReadUrl, methods: Sequence[str], required: Sequence[str]
) -> Mapping[str, Any]:
    """Check the parameters of a call; ``url`` checks its URL.

    A body is a text, or ``JsonText`` if it was given as JSON. Headers are returned as ``Headers``,
    for who encrypts them. Raises ``InvalidInput`` naming ``params`` or ``params.…``.
    """
    if not isinstance(params, dict) or not params.keys() <= set(_MEMBERS):
        raise InvalidInput.field(
            "params", f"must be an object with {', '.join(_MEMBERS)} and nothing else"
        )
    for name in required:
        if name not in params:
            raise InvalidInput.field(f"params.{name}", "is required")
    read: dict[str, Any] = {"url": url("url", params["url"])}
    method, body, headers = (params.get(name) for name in ("method", "body", "headers"))
    if method is not None or "method" in required:
        read["method"] = _method(method, methods)
    if body is not None:
        read |= _body(body, read.get("method"))
    check_templates(read["url"], body)
    if headers is not None:
        read["headers"] = _headers(headers)
    return read


def call(
    job: Job,
    now_ms: int,
    identity: Identity,
    by_itself: Callable[[Job, str], bytes] | None = None,
) -> Request:
    """Make the request of an attempt that starts at ``now_ms``.

    ``by_itself`` makes the body if the event gives none; without it, there is none. The
    placeholders of a call stand for what is the same at every attempt. Raises ``InvalidInput`` if
    the secret is not one, and if a template comes to more than may be sent.
    """
    params = job.action.params
    webhook_id = to_text(job.occurrence_id)
    facts = facts_of(job)
    given = given_type(job.headers, facts)
    body, kind = _body_of(job, facts, given, by_itself)
    lines: tuple[str, ...] = ()
    if job.format:
        body, kind, lines = encoded(job, body, kind or _TEXT)
    method = params.get("method", POST)
    own = own_lines(job, with_type=job.format != STRUCTURED)
    if given is None or job.format == STRUCTURED:
        # Without a value: libcurl is not to send a type of its own.
        own.append(f"Content-Type: {kind}" if body else "Content-Type:")
    if not body and method not in _WITH_LENGTH:
        own.append("Content-Length:")  # nor a length: who reads one there may expect a body
    return Request(
        ascii_url(render_url(params["url"], facts)),
        [*identity.untyped, *lines, *signed_headers(job, webhook_id, body, now_ms, identity)],
        body,
        job.timeout_ms,
        own,
        method,
        job.expect,
    )


def check_data_of(action: Action, headers: Headers, facts: Facts) -> None:
    """Check that a text is what its type says, for the structured mode of CloudEvents.

    Raises ``InvalidInput`` naming the body.
    """
    kind = given_type(headers, facts)
    if kind is None or "body" not in action.params:
        return  # what is given as JSON is JSON
    try:
        check_data(render_body(action.params["body"], facts, is_json=False, kind=kind), kind)
    except InvalidInput as error:
        raise InvalidInput.field("action.params.body", error.message) from None


def given_type(headers: Headers, facts: Facts) -> str | None:
    """The type that an event's own headers give its body."""
    given = next((value for name, value in headers if name.lower() == CONTENT_TYPE), None)
    return given if given is None else render_header(given, facts)


def _body_of(
    job: Job, facts: Facts, kind: str | None, by_itself: Callable[[Job, str], bytes] | None
) -> tuple[bytes, str | None]:
    """The body of a call, and its type: the given one, or that which it has by itself."""
    params = job.action.params
    if "body_json" in params:
        return render_body(params["body_json"], facts, is_json=True), kind or _JSON
    if "body" in params:
        kind = kind or _TEXT
        return render_body(params["body"], facts, is_json=False, kind=kind), kind
    if by_itself is not None:
        return by_itself(job, facts.occurrence_id), kind or _JSON
    return b"", kind


def _method(given: Any, methods: Sequence[str]) -> str:
    method = given.upper() if isinstance(given, str) else given
    if method not in methods:
        raise InvalidInput.field("params.method", f"must be one of {', '.join(methods)}")
    return str(method)


def _body(given: Any, method: str | None) -> dict[str, str]:
    if not isinstance(given, str):
        raise InvalidInput.field("params.body", "must be an object, a list or a text")
    if method == "HEAD":
        raise InvalidInput.field("params.body", "must be left out: a HEAD request has no body")
    if len(given.encode()) > MAX_BODY:
        raise InvalidInput.field("params.body", f"must be at most {MAX_BODY} bytes")
    return {"body_json" if isinstance(given, JsonText) else "body": str(given)}


def _headers(given: Any) -> Any:
    try:
        return parse_headers(given, with_type=True)
    except InvalidInput as error:
        ((path, said),) = error.fields.items()
        raise InvalidInput.field(f"params.{path}", said[0]) from None
