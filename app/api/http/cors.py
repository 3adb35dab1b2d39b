"""Cross-origin requests (the Fetch standard): none, unless the settings name web pages.

Tokens travel in a header that pages set themselves, so credentials of the browser's are never
asked for and never allowed.
"""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Response, request

_SENT = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Qhronos-Durability, "
    "X-Request-Id, traceparent"
)
_READ = (
    "ETag, Idempotent-Replayed, Link, Location, Qhronos-Partial, Retry-After, X-RateLimit-Limit, "
    "X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, X-Total-Count, "
    "X-Total-Count-Exact"
)
_REMEMBERED_S = "600"


def register_cors(app: Flask, origins: Collection[str]) -> None:
    """Let web pages of exactly these origins call and read the API."""
    if not origins:
        return

    def allow(answer: Response) -> Response:
        headers = answer.headers
        headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin not in origins:
            return answer
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _READ
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            headers["Access-Control-Allow-Methods"] = headers.get("Allow", "")
            headers["Access-Control-Allow-Headers"] = _SENT
            headers["Access-Control-Max-Age"] = _REMEMBERED_S
        return answer

    app.after_request(allow)
