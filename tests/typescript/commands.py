"""How ``make typescript`` runs the tools of others, and what it tells them of an instance."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.stack import SIGNING_SECRET, Stack

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "typescript"
TOOLS = CLIENT / "node_modules" / ".bin"

TOKEN = "the-master-token-of-the-tests"


class Failed(Exception):
    """A command has failed; the text is what it said."""


def run(place: Path, *command: str | Path, **environ: str) -> str:
    """Run a command; raises ``Failed``."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=place,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-6_000:]
        raise Failed(f"{' '.join(map(str, command))}:\n{said}")
    return done.stdout


def environ_of(stack: Stack) -> dict[str, str]:
    """What a program needs to know of an instance."""
    return {
        "QHRONOS_URL": f"http://127.0.0.1:{stack.port}",
        "QHRONOS_TOKEN": TOKEN,
        "WEBHOOK_SECRET": SIGNING_SECRET,
    }
