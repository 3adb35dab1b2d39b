"""The canonical line of a request: who asked for what, what the answer was and how long it took."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from app.api.http.auth import known_bearer
from app.api.http.credentials import Bearer
from app.canonical_lines import CanonicalLines
from app.domain.access import MASTER
from app.services.audit import MASTER_NAME

LATE_S = 1.0
"""A request that took longer was late."""

LONGEST_PATH = 200

_log = logging.getLogger(__name__)


def register_request_log(app: Flask, sample: int) -> None:
    """Have a line for each request that failed or was late, and for one in ``sample`` others.

    Every other line that is written for a request has its ``request_id``.
    """
    lines = CanonicalLines(_log, sample)

    def begin() -> None:
        bind_contextvars(request_id=g.request_id)
        g.begun_s = time.perf_counter()

    def end(answer: Response) -> Response:
        now_s = time.perf_counter()
        took_s = now_s - g.get("begun_s", now_s)
        failed = answer.status_code >= 500
        if lines.wants(important=failed or took_s > LATE_S):
            level = logging.WARNING if failed else logging.INFO
            lines.write(level, "request", _about(answer, took_s))
        return answer

    app.before_request(begin)
    app.after_request(end)
    app.teardown_request(lambda _error: clear_contextvars())  # The thread has another one next.


def _about(answer: Response, took_s: float) -> dict[str, object]:
    asker = known_bearer()
    return {
        "method": request.method,
        "path": request.path[:LONGEST_PATH],
        "route": request.url_rule.rule if request.url_rule else None,
        "status": answer.status_code,
        "ms": round(took_s * 1000, 1),
        "bytes": answer.content_length,
        "subject": _subject(asker),
        "token": asker.jti if asker else None,
        "address": request.remote_addr,
    }


def _subject(asker: Bearer | None) -> str | None:
    if asker is None:
        return None
    return MASTER_NAME if asker.access is MASTER else asker.access.subject
