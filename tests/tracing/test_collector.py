"""A collector's answer costs next to nothing, whatever it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.tracing.collector import SHORT, collector_session


class Collector(BaseHTTPRequestHandler):
    """Answers as its path says, and counts its connections."""

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        if self.path == "/endless":
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * SHORT)
            except OSError:
                self.close_connection = True
            return
        size = SHORT * 1_000 if self.path == "/long" else 2
        self.send_header("Content-Length", str(size))
        self.end_headers()
        try:
            self.wfile.write(b"x" * size)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing is written."""


@pytest.fixture
def url() -> Iterator[str]:
    Collector.connections = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["/endless", "/long"])
def test_a_long_answer_is_not_read(url: str, path: str) -> None:
    """It ended a process for want of memory: what was asked need not be a collector."""
    with collector_session() as session:
        answer = session.post(url + path, b"spans", timeout=5)
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_short_answer_keeps_the_connection(url: str) -> None:
    with collector_session() as session:
        for _ in range(3):
            assert session.post(url, b"spans", timeout=5).status_code == 200
    assert Collector.connections == 1
