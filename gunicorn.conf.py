"""How gunicorn serves ``wsgi:app``; it finds this file by itself in the directory it starts in."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import gunicorn.util
from gunicorn.workers import gthread

from app.bootstrap import build_services
from app.config import environment, load_settings
from app.errors import ConfigError, StoreUnavailable
from app.logs import logging_config

# Here rather than in the workers, which gunicorn would start again and again.
try:
    settings = load_settings(environment(os.environ))
    settings.require_secrets()
    settings.require_store()
    with contextlib.suppress(StoreUnavailable):  # they wait for it and say that it is away
        services = build_services(settings)
        services.coordination.agree_on_partitions(settings.partitions)
        services.safekeeping.agree_on_keys()
except ConfigError as error:
    sys.stderr.write(f"qhronos: {error.message}\n")
    sys.exit(2)

_host = f"[{settings.host}]" if ":" in settings.host else settings.host


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


gunicorn.util.write_error = _write_error


class PatientWorker(gthread.ThreadWorker):
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


bind = [f"{_host}:{settings.port}"]
workers = settings.web_workers
# Threads wait for the store most of the time; idle keep-alive connections hold none.
worker_class = PatientWorker
threads = settings.web_threads
preload_app = False

# Seconds that a worker may show no life before it is replaced.
timeout = 30
graceful_timeout = max(1, settings.stop_grace_ms // 1000)
# Longer than the pause between the requests of a busy client, shorter than proxies' 60 s.
keepalive = 30
backlog = 1024

# A list of tags may be long; the rest are gunicorn's own limits, written down.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# The workers' sign of life is a file: in memory, where a slow disk can't stall it.
if Path("/dev/shm").is_dir():  # noqa: S108 - gunicorn makes an anonymous file there
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# No header sets the scheme or the path; the caller's address is read in app/api/proxies.py.
forwarded_allow_ips = ""
forwarder_headers = ""

# Nothing here uses gunicorn's remote control, and two instances would share its socket.
control_socket_disable = True

# No line for each request (changes are in the audit log); gunicorn's messages go where ours go.
accesslog = None
logconfig_dict = logging_config(settings)


def post_fork(_server: object, _worker: object) -> None:
    """Let threads take turns more often.

    A thread whose answer from the store is there waits for the others to let go of the
    interpreter: at Python's own 5 ms for each, most of a request's time would be that.
    """
    sys.setswitchinterval(0.0005)
