"""Calls of the store that a drain does not wait for: a few threads make them.

What a drain asks for with every claim and record goes through a ``Channel``. This is for the rest:
what takes several calls that depend on each other. The threads compute next to nothing, so they
hardly ever hold the interpreter's lock; the drain goes on sending meanwhile.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from typing import TypeVar

Result = TypeVar("Result")


THREADS = 3
"""One for each thing that may take long: flows, what is due next, and calling for repair."""


class Background:
    """Some threads; a file descriptor tells when one has done something."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="drain-background")

    @cached_property
    def _news(self) -> tuple[socket.socket, socket.socket]:
        """Where the thread tells, and where it is heard."""
        pair = socket.socketpair()
        for one in pair:
            one.settimeout(0)
        return pair

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Have a thread do some work."""
        future = self._executor.submit(work)
        tells, _ = self._news

        def tell(_: object) -> None:
            with suppress(OSError):  # it is full of news already, or closed
                tells.send(b"x")

        future.add_done_callback(tell)
        return future

    def fileno(self) -> int:
        """What becomes readable when work is done; ``hear`` makes it wait for the next."""
        return self._news[1].fileno()

    def hear(self) -> None:
        """Forget the news so far."""
        with suppress(BlockingIOError):
            while self._news[1].recv(4096):
                pass

    def close(self) -> None:
        """Wait until all work is done, and end the threads."""
        self._executor.shutdown()
        for one in self.__dict__.pop("_news", ()):
            one.close()
