"""The server that answers HTTP: gunicorn's threaded worker, patient with slow clients to a bound.

``gunicorn.conf.py`` names it. It reaches into gunicorn where gunicorn offers no setting;
``tests/test_http_server.py`` fails when gunicorn changes underneath.
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


def _write_error(sock: socket.socket, status: int, reason: str, _message: str) -> None:
    """Answer what never reaches the application in its own form, without echoing it."""
    sentence = _REFUSALS.get(status, "This is not a request that HTTP knows; see RFC 9112.")
    body = json.dumps({"error": sentence})
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    gunicorn.util.write_nonblock(sock, (head + body).encode())


def answer_errors_as_json() -> None:
    """Have gunicorn answer in JSON what never reaches the application."""
    gunicorn.util.write_error = _write_error


class PatientWorker(gthread.ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Threads that wait for a slow client for so long and no longer.

    Gunicorn's own wait without end for the rest of a request, and for their answer to be taken, so
    that as many clients as there are threads could keep out all others for good; and its main loop
    waits two seconds for each client that does not hang up, and takes on nobody meanwhile.
    """

    first_byte_s = 0.05
    """A connection on which nothing comes at once waits in the poller, where it costs nothing."""

    request_s = 10.0
    """Time for a whole request to arrive."""

    answer_s = 120.0
    """Time for it to arrive and for its answer to be taken; an export may be long."""

    parting_s = 0.2
    """Time for a client to hang up after the last answer, while what it still sends is read: else
    that answer could be lost to it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._busy: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        """Handle a request; called in a thread."""
        if (
            not conn.initialized
            and not conn.data_ready
            and not conn.wait_for_data(self.first_byte_s)
        ):
            return gthread._DEFER  # noqa: SLF001 - what the overridden one answers
        key = conn.sock
        self._busy[key] = time.monotonic()
        try:
            goes_on = super().handle(conn)
        finally:
            del self._busy[key]
        if not goes_on:
            self._part(conn.sock)
        return goes_on

    def _part(self, connection: socket.socket) -> None:
        """See a client off here, in its thread: the main loop then need not wait for it."""
        until = time.monotonic() + self.parting_s
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(self.parting_s)
            while connection.recv(65_536) and time.monotonic() < until:
                pass
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RD)

    def murder_keepalived(self, force: bool = False) -> None:
        """End what has taken too long; called by the main loop every second."""
        super().murder_keepalived(force)
        now = time.monotonic()
        for connection, since in list(self._busy.items()):
            if now - since > self.request_s:
                # Nothing more is read of it; an answer that is being sent goes on for a while.
                is_over = now - since > self.answer_s
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR if is_over else socket.SHUT_RD)
