"""A service that answers as it is told, and remembers what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CUT_OFF = 0
"""Instead of a status: the connection is closed without an answer."""


class Flaky(ThreadingHTTPServer):
    """Answers the statuses in turn."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.statuses = list(statuses)
        self.sent: list[tuple[str | None, str | None, Any]] = []
        """Of each request: its authorization, its idempotency key, its body."""


class Answers(BaseHTTPRequestHandler):
    server: Flaky

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent = self.headers["Authorization"], self.headers["Idempotency-Key"], body
        self.server.sent.append(sent)
        status = self.server.statuses.pop(0)
        if status == CUT_OFF:
            self.close_connection = True
            return
        answer = json.dumps({"id": "the-id"} if status < 300 else {"error": "Not so."}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def flaky(*statuses: int) -> Iterator[Flaky]:
    """A service that listens while it is needed."""
    server = Flaky(*statuses)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,))
    serving.start()
    try:
        yield server
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
