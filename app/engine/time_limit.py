"""How long one run of upkeep works: for some seconds, and no longer once its process is to stop.

A process that is told to stop has ``QHRONOS_STOP_GRACE`` for what is under way, and is killed then.
Upkeep does a part at a time, and the next run goes on: so it ends its run at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def never() -> bool:
    """Say that nobody has told the process to stop."""
    return False


class TimeLimit:
    """A limit, counted from when it is made."""

    def __init__(self, seconds: float, is_stopping: Callable[[], bool] = never) -> None:
        """``is_stopping``: whether the process was told to stop."""
        self._until_s = time.monotonic() + seconds
        self.is_stopping = is_stopping

    def is_over(self) -> bool:
        """Whether to begin nothing more."""
        return self.is_stopping() or time.monotonic() >= self._until_s
