"""A receiver for trying things out: it answers as told, and says what has arrived."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from qhronos.errors import InvalidSignature
from qhronos.verification import verify

LARGEST_BODY = 4 * 1024 * 1024
SILENCE_S = 30.0
LOCAL_SECRET = Path("data") / "secrets" / "signing_secret"
"""Where ``qhronos up`` keeps the secret that it has made."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that has arrived, and what became of it."""

    method: str
    path: str
    webhook_id: str | None
    verdict: str
    answered: int
    text: str

    def as_dict(self) -> dict[str, object]:
        """The members, for JSON."""
        return asdict(self)


def local_secret() -> str | None:
    """The signing secret of the instance that runs in this directory, if one does."""
    try:
        return LOCAL_SECRET.read_text(encoding="utf-8").strip()
    except OSError:
        return None


def receiver(
    host: str,
    port: int,
    answer: int,
    delay_s: float,
    secret: str | None,
    on_arrival: Callable[[Arrival], None],
    count: int | None,
) -> ThreadingHTTPServer:
    """Make a receiver; it ends by itself after ``count`` requests. Raises ``OSError``."""
    key = secret or local_secret()
    one_at_a_time = threading.Lock()
    left = [count]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = SILENCE_S

        def _receive(self) -> None:
            length = self.headers.get("Content-Length") or "0"
            if not length.isdecimal() or int(length) > LARGEST_BODY:
                self.close_connection = True
                self.send_error(413)
                return
            body = self.rfile.read(int(length))
            time.sleep(delay_s)
            self.send_response(answer)
            if answer not in (204, 304):
                self.send_header("Content-Length", "0")
            self.end_headers()
            arrival = Arrival(
                self.command,
                self.path,
                self.headers.get("webhook-id"),
                f"{_verdict(self.headers.items(), body, key)}, answered {answer}",
                answer,
                body.decode(errors="replace"),
            )
            with one_at_a_time:
                if left[0] == 0:
                    return
                on_arrival(arrival)
                if left[0] is not None:
                    left[0] -= 1
                    if left[0] == 0:
                        threading.Thread(target=self.server.shutdown, daemon=True).start()

        def __getattr__(self, name: str) -> Callable[[], None]:
            # http.server looks for a method of the request's name.
            if name.startswith("do_"):
                return self._receive
            raise AttributeError(name)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing: arrivals are told by ``on_arrival``."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server


def _verdict(headers: list[tuple[str, str]], body: bytes, secret: str | None) -> str:
    if secret is None:
        return "signature not checked (give --secret)"
    try:
        verify(headers, body, secret)
    except InvalidSignature as error:
        return f"WRONG SIGNATURE ({error})"
    return "signature ok"
