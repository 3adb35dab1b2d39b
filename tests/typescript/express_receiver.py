"""``examples/express-receiver``: its own tests, and deliveries of a real instance."""

from __future__ import annotations

import json
import signal
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from qhronos import Client
from tests.support.ports import free_port
from tests.support.processes import Program, clean_environ
from tests.support.stack import SIGNING_SECRET, Stack
from tests.support.wait import wait_until
from tests.typescript.commands import CLIENT, ROOT, TOKEN, TOOLS, Failed, run

EXAMPLE = ROOT / "examples" / "express-receiver"


def check_express_receiver(stack: Stack) -> None:
    """Install it with the client as it was built just now, and run it; raises ``Failed``."""
    run(ROOT, TOOLS / "biome", "ci", "--colors=off", "--error-on-warnings",
        "--config-path", CLIENT / "biome.json", EXAMPLE)  # fmt: skip
    run(EXAMPLE, "npm", "ci", "--silent", "--no-fund", "--no-audit")
    run(EXAMPLE, "npm", "test")
    with tempfile.TemporaryDirectory() as name:
        port, file = free_port(), Path(name) / "reminders.db"
        environ = {"WEBHOOK_SECRET": SIGNING_SECRET, "PORT": str(port), "DATABASE": str(file)}
        server = Program(
            "receiver",
            ["node", str(EXAMPLE / "server.js")],
            clean_environ() | environ,
            cwd=Path(name),
        )
        server.start()
        try:
            wait_until(lambda: "listening on" in server.output, "the receiver listens")
            _is_delivered_to(port, stack)
            server.signal(signal.SIGTERM)
            if server.wait():
                raise Failed(f"The receiver did not stop as it should:\n{server.output}")
        finally:
            server.kill()


def _is_delivered_to(port: int, stack: Stack) -> None:
    def reminders() -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/reminders", timeout=10) as answer:
            return json.load(answer)

    with Client(f"http://127.0.0.1:{stack.port}", TOKEN) as client:
        for secret in ({}, {"hmac_secret": "another secret than the receiver's"}):
            event = client.events.create(
                name="a reminder",
                delay="0s",
                webhook=f"http://127.0.0.1:{port}/webhooks",
                metadata={"customer": 17},
                retry={"attempts": 1},
                **secret,
            )

            def is_over(event_id: str = event.id) -> bool:
                return any(one.is_over for one in client.events.occurrences(event_id))

            wait_until(is_over, "the reminder is delivered")
            (occurrence,) = client.events.occurrences(event.id)
            if occurrence.status_code != (401 if secret else 204):
                raise Failed(f"The receiver answered {occurrence.status_code}.")
    if reminders() != [{"customer": "17", "text": "a reminder"}]:
        raise Failed(f"The receiver has written {reminders()}.")
