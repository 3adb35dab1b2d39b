"""The server that answers HTTP: gunicorn's threaded worker, with time limits for slow clients.

``gunicorn.conf.py`` names it. It overrides parts of gunicorn for which there is no setting;
``tests/test_http_server.py`` fails when gunicorn changes there.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from typing import Any

import gunicorn.util
from gunicorn.workers import gthread

_REFUSALS = {
    414: "The address is too long: it may have 8 KiB; name fewer tags or shorter cursors.",
    431: "The headers are too long or too many: each may have 8 KiB, and there may be 100.",
    500: "Something broke on our side.",
}
_MALFORMED = "This is not a request that HTTP knows; see RFC 9112."


def _write_error(sock: socket.socket, status: int, reason: str, _message: str) -> None:
    """Write an error as JSON; gunicorn's own message, which repeats the request, is left out."""
    body = json.dumps({"error": _REFUSALS.get(status, _MALFORMED)})
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    gunicorn.util.write_nonblock(sock, (head + body).encode())


def answer_errors_as_json() -> None:
    """Have gunicorn answer in JSON what never reaches the application."""
    gunicorn.util.write_error = _write_error


class TimeLimitedWorker(gthread.ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """A threaded worker that gives no client more than a limited time.

    Gunicorn's own threads wait without limit for the rest of a request and for its answer to be
    taken: as many slow clients as there are threads would keep out all others. Its main loop also
    waits up to two seconds for each client that does not close its connection, and accepts nobody
    meanwhile.
    """

    first_byte_s = 0.05
    """How long a thread waits for a new connection's first byte; then the poller waits for it."""

    request_s = 10.0
    """Time limit for a whole request to arrive."""

    answer_s = 120.0
    """Time limit for a request and its answer together; an export may be long."""

    linger_s = 0.2
    """How long to read on after the last answer until the client closes the connection. If it were
    closed while data is unread, the answer could be lost (RFC 9112, section 9.6)."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._began_s: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        """Handle a request; called in a thread. Returns whether the connection stays open."""
        if (
            not conn.initialized
            and not conn.data_ready
            and not conn.wait_for_data(self.first_byte_s)
        ):
            return gthread._DEFER  # noqa: SLF001 - what the overridden method returns
        connection = conn.sock
        self._began_s[connection] = time.monotonic()
        try:
            stays_open = super().handle(conn)
        finally:
            del self._began_s[connection]
        if not stays_open:
            self._close_lingering(conn.sock)
        return stays_open

    def _close_lingering(self, connection: socket.socket) -> None:
        """Wait in this thread until the client closes, so that the main loop need not."""
        until = time.monotonic() + self.linger_s
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(self.linger_s)
            while connection.recv(65_536) and time.monotonic() < until:
                pass
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RD)

    def murder_keepalived(self, force: bool = False) -> None:
        """End what has exceeded its time limit; called by the main loop every second."""
        super().murder_keepalived(force)
        now = time.monotonic()
        for connection, began_s in list(self._began_s.items()):
            if now - began_s > self.request_s:
                # No more of the request is read; an answer may be sent until its own limit.
                is_over = now - began_s > self.answer_s
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR if is_over else socket.SHUT_RD)
