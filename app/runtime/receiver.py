"""A webhook receiver for trying things out, and how a receiver checks a signature.

``verify`` is written from the published rules alone, so that it checks the sender instead of
agreeing with it: https://www.standardwebhooks.com and, for ``X-Qhronos-Signature``, the hex
HMAC-SHA256 of the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGEST_BODY = 1_048_576
"""Bytes read of a webhook; more than any that Qhronos sends."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A webhook as it came in: path, headers by lower-case name, body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver(ThreadingHTTPServer):
    """Listens on 127.0.0.1, answers every POST with 204, hands each one on.

    ``on_arrival`` is called from a thread per connection, after the answer has been sent.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, on_arrival: Callable[[Arrival], None]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.on_arrival = on_arrival

    @property
    def url(self) -> str:
        """Where to send webhooks."""
        return f"http://127.0.0.1:{self.server_port}/"


def verify(arrival: Arrival, secret: str) -> dict[str, bool]:
    """Check both signatures of a webhook; answer which header holds."""
    key = secret.encode()
    if secret.startswith("whsec_"):
        key = base64.b64decode(secret.removeprefix("whsec_"))
    headers = arrival.headers
    identity = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}."
    standard = base64.b64encode(_hmac(key, identity.encode() + arrival.body).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    return {
        "webhook-signature": any(_same(each, f"v1,{standard}") for each in given),
        "X-Qhronos-Signature": _same(
            headers.get("x-qhronos-signature", ""), _hmac(key, arrival.body).hexdigest()
        ),
    }


def _hmac(key: bytes, message: bytes) -> hmac.HMAC:
    return hmac.new(key, message, hashlib.sha256)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver
    headers: Message

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.send_error(413)
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        self.send_response(204)
        self.end_headers()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.on_arrival(Arrival(self.path, headers, body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: arrivals are reported by whoever asked for them."""
