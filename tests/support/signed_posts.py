"""What receivers in any language are sent, and how they are to judge it."""

from __future__ import annotations

import http.client
import subprocess
import time
from pathlib import Path

from app.domain.signing import signing_key, standard_signature

SECRETS = ["a secret in text", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]

BODIES = [
    b'{"event_id":"1","metadata":{},"tags":["a"]}',
    b'{ "b" : 1.0, "a" : 1e2, "big": 12345678901234567890 }',
    '{"text":"é \\u00e9 日本 \\/ \U0001f552"}'.encode(),
    b'{"a":1,"a":2}\n',
]
"""What a parser would write out in another way: spaces, order, numbers, escapes, double keys."""


class Running:
    """One receiver under test."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self._log = log

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers = {"Content-Type": "application/json", **headers}
            connection.request("POST", "/webhooks", body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def listens(self) -> bool:
        assert self.process.poll() is None, self.log()
        try:
            return bool(self.post(b"", {}))
        except OSError:
            return False

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def works(self) -> int:
        """How often it did its work."""
        return self.log().count("work on ")


def signed(secret: str, body: bytes, webhook_id: str = "id-1", age_s: int = 0) -> dict[str, str]:
    """The headers of a delivery."""
    sent_at = int(time.time()) - age_s
    signature = standard_signature(signing_key(secret), webhook_id, sent_at, body)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": signature,
    }


def refused(secret: str, body: bytes, good: dict[str, str]) -> list[tuple[bytes, dict[str, str]]]:
    """What a receiver answers with 401, made of headers that are good."""
    return [
        (body + b" ", good),
        (body, signed("another secret", body)),
        (body, signed(secret, body, age_s=600)),
        (body, signed(secret, body, age_s=-600)),
        (body, {**good, "webhook-id": "id-y"}),
        (body, {**good, "webhook-signature": "v1,AAAA"}),
        (body, {**good, "webhook-signature": ""}),
        (body, {**good, "webhook-timestamp": "soon"}),
        *[(body, {k: v for k, v in good.items() if k != name}) for name in good],
        (body, {}),
    ]
