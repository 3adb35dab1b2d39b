"""Answers are packed with gzip for who can unpack it (RFC 9110 section 12.5.3).

What is packed tells its length, and so a little of what is in it. Who can have somebody's browser
ask again and again, with words of his own in the answer, learns a secret from that which stands
beside them. So pages of a session are not packed, nor answers to writes, which may hold a secret;
but for those that have none and may be long.
"""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

from app.api.http.auth import READING

FROM_BYTES = 1_024
"""From which on packing is worth it: less than this fits in one packet anyway."""

_LEVEL = 5
"""Higher ones take much longer for little."""

_TYPES = frozenset(
    {
        "application/json",
        "text/calendar",
        "text/css",
        "text/html",
        "text/javascript",
        "text/plain",
        "image/svg+xml",
    }
)
_WRITES = frozenset({"planning.preview_schedule", "events.create_event"})
"""Operations other than reads whose answers hold no secret."""


def register_packing(app: Flask, sessions: frozenset[str]) -> None:
    """Pack what is long enough; of the blueprints in ``sessions`` their files alone.

    Stands before everything else that changes answers: what is registered first runs last.
    """

    def pack(answer: Response) -> Response:
        is_unchanged = answer.status_code == 304
        if not is_unchanged and not _is_worth_it(answer):
            return answer
        endpoint = request.endpoint or ""
        of_session = request.blueprint in sessions and not endpoint.endswith(".static")
        if of_session or not (request.method in READING or endpoint in _WRITES):
            return answer
        answer.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"] > 0:
            (_weaken_like_the_held if is_unchanged else _pack)(answer)
        return answer

    app.after_request(pack)


def _is_worth_it(answer: Response) -> bool:
    length: int | None
    if answer.direct_passthrough:  # a file
        length = answer.content_length
    elif answer.is_streamed:  # it would be kept until it is whole
        return False
    else:
        length = answer.calculate_content_length()
    if length is None or length < FROM_BYTES or answer.status_code == 206:
        return False
    return answer.mimetype in _TYPES and "Content-Encoding" not in answer.headers


def _pack(answer: Response) -> None:
    answer.direct_passthrough = False
    answer.set_data(gzip.compress(answer.get_data(), _LEVEL, mtime=0))
    answer.headers["Content-Encoding"] = "gzip"
    answer.headers.pop("Accept-Ranges", None)
    tag = answer.headers.get("ETag")
    # A strong tag stands for bytes, and these are others; for a write either form will do.
    if tag is not None and not tag.startswith("W/"):
        answer.headers["ETag"] = f"W/{tag}"


def _weaken_like_the_held(answer: Response) -> None:
    """Answer the tag of the form that the caller holds."""
    tag = answer.headers.get("ETag", "")
    if f"W/{tag}" in request.headers.get("If-None-Match", ""):
        answer.headers["ETag"] = f"W/{tag}"
