"""Headers that every answer carries: who asked what, and what a browser must not do with it."""

from __future__ import annotations

import os

from flask import Flask, Response, g, request

from app.domain.origin import REQUEST_ID, Origin
from app.store.asked_by import Asked, begin

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

_EMPTY = frozenset({204, 304})
"""Without a body there is nothing to have a type (RFC 9110 sections 15.3.5 and 15.4.5)."""


def register_headers(app: Flask) -> None:
    """Name every request and put the safe headers on every answer."""
    app.before_request(name_request)
    app.after_request(_finish)
    app.teardown_request(lambda _error: begin(None))  # The thread has another one next.


def name_request() -> None:
    """Take the caller's ``X-Request-Id`` if it is harmless in a log, else make one.

    What the request writes into the store knows it from then on.
    """
    given = request.headers.get("X-Request-Id", "")
    is_own = REQUEST_ID.fullmatch(given) is not None
    g.request_id = given if is_own else os.urandom(8).hex()
    begin(Asked(Origin(g.request_id), is_kept=is_own))


def _finish(answer: Response) -> Response:
    headers = answer.headers
    if answer.status_code in _EMPTY:
        headers.remove("Content-Type")
    for name, value in _SAFE.items():
        if name not in headers:
            headers.add(name, value)
    if "request_id" not in g:
        name_request()
    headers.add("X-Request-Id", g.request_id)
    return answer
