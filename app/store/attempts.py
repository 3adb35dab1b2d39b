"""The attempt log of an occurrence: one JSON line an attempt, the newest hundred of them.

A line is a list: number, the seven timings, status code, error message, when it was claimed (ms).
The last was left out once, and so was the message of a success.
"""

from __future__ import annotations

import json

from app.domain.attempt import Attempt
from app.domain.outcome import Timings


def read_log(log: bytes | None) -> list[Attempt]:
    """Read the lines, oldest first."""
    return [_attempt(line) for line in (log or b"").splitlines()]


def _attempt(line: bytes) -> Attempt:
    number, *timings, status_code, message, claimed_ms = (*json.loads(line), None, None)[:11]
    return Attempt(number, Timings(*timings), status_code, message, claimed_ms)
