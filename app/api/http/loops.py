"""A delivery of ours that comes back to us: refused, or an event could set itself off for ever.

The sender refuses this machine's own port; here the rest is seen: through a proxy, a name, an
address that is translated on the way, or from a worker on another host.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app.api.http.context import services
from app.api.http.errors import error_answer

HEADER = "X-Qhronos-Instance"
ITSELF = "This is a delivery of this service itself; let a webhook lead elsewhere."


def register_loops(app: Flask) -> None:
    """Refuse what this instance has sent."""
    app.before_request(_refuse_ours)


def _refuse_ours() -> Response | None:
    sender = request.headers.get(HEADER)
    if sender is None or sender != services().instance:
        return None
    answer = error_answer(403, ITSELF)
    answer.headers["webhook-delivery"] = "abort-message"  # no attempt will go better
    return answer
