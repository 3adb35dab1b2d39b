"""The inbox of ``make run``: prints every webhook that is sent to it, so you see one arrive."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

from app.runtime.receiver import Arrival, Receiver, verify
from app.setting_variables import load_settings


def describe(arrival: Arrival, secret: str) -> str:
    """Tell of a webhook in a few lines: where it went, whether its signatures hold, its body."""
    held = verify(arrival, secret)
    verdict = ", ".join(f"{name} {'ok' if ok else 'WRONG'}" for name, ok in held.items())
    if not all(held.values()):
        verdict += " (checked with QHRONOS_SIGNING_SECRET; an event may have its own)"
    try:
        body = json.dumps(json.loads(arrival.body), indent=2, ensure_ascii=True)
    except ValueError:
        body = ascii(arrival.body)
    return f"a webhook arrived at {ascii(arrival.path)[1:-1]}: {verdict}\n{body}"


def main(argv: list[str], environ: Mapping[str, str]) -> None:
    """Listen on the given port of 127.0.0.1 until stopped."""
    secret = load_settings(environ).signing_secret
    with Receiver(int(argv[0]), lambda arrival: _print(describe(arrival, secret))) as receiver:
        receiver.serve_forever(poll_interval=60)  # it ends with a signal


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:], os.environ)
