"""Signals as something to wait for, beside the output of processes."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, Self

Handler = Callable[[int, FrameType | None], Any]


class SignalPipe:
    """Handles signals, and becomes readable with each: none is slept through, whenever it comes.

    Make and close it in the main thread. A signal's handler has run when the pipe is readable, or
    runs then.
    """

    def __init__(self, handlers: Mapping[int, Handler]) -> None:
        self._tells, self._hears = socket.socketpair()
        for one in (self._tells, self._hears):
            one.settimeout(0)
        self._handlers_before = {
            number: signal.signal(number, handler) for number, handler in handlers.items()
        }
        fd = self._tells.fileno()
        self._fd_before = signal.set_wakeup_fd(fd, warn_on_full_buffer=False)

    def fileno(self) -> int:
        """What becomes readable; ``hear`` makes it wait for the next signal."""
        return self._hears.fileno()

    def hear(self) -> None:
        """Forget the signals so far."""
        with contextlib.suppress(BlockingIOError):
            while self._hears.recv(4096):
                pass

    def close(self) -> None:
        """Put back what handled the signals before."""
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        self._tells.close()
        self._hears.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
