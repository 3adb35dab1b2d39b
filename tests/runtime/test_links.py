"""The link that ``make run`` prints, and that it runs without one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.runtime.links import sign_in_link


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that gives one answer; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            is_asked = self.path == "/console/links" and self.headers["Authorization"] == "Bearer t"
            self.send_response(status if is_asked else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        thread.join()


def test_it_is_what_the_instance_says() -> None:
    with answering(201, b'{"link": "http://here/console/sign-in?link=x"}') as url:
        assert sign_in_link(url, "t") == "http://here/console/sign-in?link=x"


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, b'{"error": "no"}'), (201, b"no JSON"), (201, b"{}"), (503, b""), (404, b"<html>")],
)
def test_without_one_it_is_none(status: int, body: bytes) -> None:
    with answering(status, body) as url:
        assert sign_in_link(url, "t") is None


def test_nobody_there_is_none() -> None:
    assert sign_in_link("http://127.0.0.1:9", "t") is None
