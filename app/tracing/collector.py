"""How a collector is talked to: its status is all that counts, and no more is read than is short.

The library would keep a whole answer in memory, unpacked, and for as long as it goes on. What
answers may be no collector at all: a file server, say, or a stream.
"""

from __future__ import annotations

import io
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter

SHORT = 16_384
"""So many bytes of an answer are read, to keep the connection; a longer one ends it."""


def collector_session() -> Session:
    """Make what sends requests to a collector; they do not follow it elsewhere."""
    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _StatusOnly())
    return session


class _StatusOnly(HTTPAdapter):
    """Answers without their bodies."""

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """Send a request; raises what ``requests`` does."""
        response = super().send(request, *args, **{**options, "stream": True})
        raw = response.raw
        if response.headers.get("Content-Length", "").isdecimal() and _length(response) <= SHORT:
            raw.read(SHORT, decode_content=False)
            raw.release_conn()
        else:
            raw.close()
        response.raw = io.BytesIO()
        return response


def _length(response: Response) -> int:
    text = response.headers["Content-Length"]
    return int(text) if len(text) < 10 else SHORT + 1
