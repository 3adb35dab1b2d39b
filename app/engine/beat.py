"""When a loop has last gone round: a process may be alive, and its loop stand still."""

from __future__ import annotations

import time
from collections.abc import Callable


class Beat:
    """Called by a loop each time that it goes round; read by another thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at_s = monotonic()

    def __call__(self) -> None:
        """The loop goes round."""
        self._at_s = self._monotonic()

    def silent_s(self) -> float:
        """For how many seconds it has not."""
        return self._monotonic() - self._at_s
