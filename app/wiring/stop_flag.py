"""An event that a handler of signals may set, whatever its thread is doing."""

from __future__ import annotations

import threading


class StopFlag(threading.Event):
    """What a process looks at and waits for until it is told to stop.

    A handler runs in the main thread, between any two of its steps. ``threading.Event`` takes a
    lock that is not reentrant: if the signal comes while the main thread begins to wait, or is
    setting the event because of the signal before, the thread waits for itself, and only SIGKILL
    ends the process.
    """

    def __init__(self) -> None:
        super().__init__()
        self._cond = threading.Condition(threading.RLock())
