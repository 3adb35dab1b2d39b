"""Children that do not outlive their parent, even when it is killed with SIGKILL."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> Callable[[], None] | None:
    """Make a ``preexec_fn`` that has the kernel send SIGTERM to the child when we die.

    Start such a child from the main thread: Linux counts the death of the thread that forked.
    Other systems have no such call; there the answer is ``None``, and a parent that dies
    without cleaning up leaves its children behind.
    """
    if sys.platform != "linux":
        return None
    # Loaded before the fork: a child between fork and exec should do as little as it can.
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the call: the signal will never come
            os._exit(0)

    return tie
