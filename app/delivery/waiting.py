"""Waiting for file descriptors to the fraction of a millisecond."""

from __future__ import annotations

import select
import time
from collections.abc import Iterable, Sequence

SELECTABLE = 1024
"""``select`` knows file descriptors below this only (FD_SETSIZE)."""


def wait_for(readable: Iterable[int], writable: Sequence[int], wait_ms: float) -> None:
    """Wait until one is as it should be, or has an error; at most ``wait_ms``."""
    wait_ms = max(wait_ms, 0.0)
    watched = [*readable, *writable]
    if max(watched, default=0) < SELECTABLE:
        select.select(watched, writable, (), wait_ms / 1000)
        return
    # poll() takes whole milliseconds; sleep() waits for the rest of the last one, and hears
    # nothing: it costs one more turn of the processor each time.
    poller = select.poll()
    for fileno in watched:
        poller.register(fileno, select.POLLIN)
    for fileno in writable:
        poller.register(fileno, select.POLLIN | select.POLLOUT)
    whole_ms = int(wait_ms)
    if not poller.poll(whole_ms) and whole_ms < wait_ms:
        time.sleep((wait_ms - whole_ms) / 1000)
