"""A request's body as an iCalendar file."""

from __future__ import annotations

from flask import Request
from werkzeug.exceptions import UnsupportedMediaType

from app.api.http.json_body import read_bytes

CALENDAR = "text/calendar"
MAX_BYTES = 1_048_576
MAX_IMPORT_BYTES = 8 * 1_048_576
"""Of a file whose entries become events: ten thousand entries as large as programs make them."""


def read_calendar(request: Request, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the file; raises ``RequestEntityTooLarge`` and ``UnsupportedMediaType``."""
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower().replace("-", "") not in ("utf8", "usascii"):
        raise UnsupportedMediaType("Send the calendar in UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body uncompressed, without Content-Encoding.")
    return read_bytes(request, max_bytes)
