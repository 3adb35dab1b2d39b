"""Waiting for a condition, never for a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 30.0
"""Far longer than anything takes; only a failing test, or a very slow machine, waits so long."""

T = TypeVar("T")


def crowding() -> float:
    """How many want each processor: on a machine that others use, all takes as much longer."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def wait_until(question: Callable[[], T], what: str, timeout: float = PATIENCE_S) -> T:
    """Ask until the answer is true and return it; fail with ``what`` and the last answer."""
    deadline = time.monotonic() + timeout
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout:g} s; last seen: {answer!r}")
        time.sleep(0.02)
    return answer
