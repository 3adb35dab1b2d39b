"""Waiting for file descriptors to the fraction of a millisecond."""

from __future__ import annotations

import select
import time
from collections.abc import Iterable


def wait_for(filenos: Iterable[int], wait_ms: float, coarse_ms: float) -> None:
    """Wait until one is readable, at most ``wait_ms``; from ``coarse_ms`` on in whole ms."""
    poller = select.poll()
    for fileno in filenos:
        poller.register(fileno, select.POLLIN)
    # poll() takes whole milliseconds; sleep() waits for the rest of the last one.
    whole_ms = int(max(wait_ms, 0.0))
    if not poller.poll(whole_ms) and whole_ms < wait_ms < coarse_ms:
        time.sleep((wait_ms - whole_ms) / 1000)
