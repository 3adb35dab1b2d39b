"""``make demo``: has the running Qhronos send a webhook to itself and checks what arrives."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.config import Settings
from app.errors import ConfigError
from app.runtime.local import base_url
from app.runtime.receiver import Arrival, Receiver, verify
from app.runtime.secrets import secret_path
from app.setting_readers import environment
from app.setting_variables import load_settings

AHEAD_S = 2.0
WAIT_S = 20.0


class DemoFailed(Exception):
    """The demo did not go as it should; the message says what to look at."""


def main(environ: Mapping[str, str]) -> int:
    """Run the demo against the instance that the settings describe; 0 if all went well."""
    try:
        settings = load_settings(environment(environ))
        arrivals: queue.Queue[Arrival] = queue.Queue()
        with Receiver(0, arrivals.put) as receiver:
            threading.Thread(target=receiver.serve_forever, daemon=True).start()
            try:
                _demonstrate(settings, receiver.url + "demo", arrivals)
            finally:
                receiver.shutdown()
    except (ConfigError, DemoFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _demonstrate(settings: Settings, webhook: str, arrivals: queue.Queue[Arrival]) -> None:
    token = _secret(settings, "master_token")
    start = datetime.now(UTC) + timedelta(seconds=AHEAD_S)
    request = {
        "name": "demo",
        "description": "One webhook, two seconds from now",
        "start_time": start.isoformat(timespec="milliseconds"),
        "webhook": webhook,
        "metadata": {"greeting": "hello"},
        "tags": ["demo"],
    }
    event = _call(settings, token, "POST", "/events", request)
    _say(f"Created the event {event['id']}, due at {start:%H:%M:%S.%f} UTC, for {webhook}")
    try:
        arrival = arrivals.get(timeout=AHEAD_S + WAIT_S)
    except queue.Empty:
        raise DemoFailed(
            f"No webhook arrived within {WAIT_S:g} s of its time: see the log of 'make run', and "
            "whether QHRONOS_ALLOW_PRIVATE_TARGETS lets webhooks reach 127.0.0.1."
        ) from None
    late_ms = (datetime.now(UTC) - start).total_seconds() * 1000
    _say(f"It arrived {late_ms:.0f} ms after its time:\n")
    _say("\n".join(f"  {name}: {value}" for name, value in arrival.headers.items()))
    body = json.loads(arrival.body)
    _say("\n  " + json.dumps(body, indent=2).replace("\n", "\n  ") + "\n")
    for header, holds in verify(arrival, _secret(settings, "signing_secret")).items():
        _say(f"{header}: {'the signature holds' if holds else 'WRONG SIGNATURE'}")
        if not holds:
            raise DemoFailed("A signature is wrong: do the demo and 'make run' share settings?")
    occurrence = _completed(settings, token, body["occurrence_id"])
    _say("Recorded: " + json.dumps(occurrence, indent=2))


def _completed(settings: Settings, token: str, occurrence_id: str) -> dict[str, Any]:
    """Wait until the occurrence is recorded as completed; answer it."""
    deadline = time.monotonic() + WAIT_S
    while True:
        occurrence = _call(settings, token, "GET", f"/occurrences/{occurrence_id}")
        if occurrence["status"] == "completed":
            return occurrence
        if time.monotonic() > deadline:
            raise DemoFailed(f"The occurrence is {occurrence['status']!r}, not 'completed'.")
        time.sleep(0.1)


def _call(
    settings: Settings, token: str, method: str, path: str, body: object = None
) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - http, by base_url
        base_url(settings) + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - the same
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        said = error.read(2_000).decode(errors="replace").strip()
        raise DemoFailed(f"{method} {path} was answered {error.code}: {said}") from None
    except (OSError, ValueError) as error:
        raise DemoFailed(
            f"No Qhronos answers at {base_url(settings)} ({error}): start it with 'make run' in "
            "another terminal, and give both the same QHRONOS_ settings."
        ) from None


def _secret(settings: Settings, name: str) -> str:
    """Answer a secret from the settings, else the one that ``make run`` made."""
    given: str = getattr(settings, name)
    try:
        return given or secret_path(settings.data_dir, name).read_text(encoding="utf-8").strip()
    except OSError:
        raise DemoFailed(
            f"There is no {name.replace('_', ' ')} in the settings or in "
            f"{settings.data_dir.absolute()}: start Qhronos with 'make run' first."
        ) from None


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(os.environ))
