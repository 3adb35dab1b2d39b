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
from typing import Protocol, TypeVar

Result = TypeVar("Result")


Work = Callable[[], Result]


class Submit(Protocol):
    """Has somebody do some work: ``Background.submit``, or ``at_once``."""

    def __call__(self, work: Work[Result], /) -> Future[Result]:
        """Return what becomes of it."""
        ...


THREADS = 5
"""One for each thing that may take long: flows, what is due next, leases, circuit breakers, and
calling for repair."""

SHARDS = 6
"""So many times more on a cluster: those of a node that is away may all wait for it."""


def at_once(work: Work[Result], /) -> Future[Result]:
    """Do some work here and now."""
    future: Future[Result] = Future()
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
        future.set_exception(error)
    return future


class Background:
    """Some threads; a file descriptor tells when one has done something."""

    def __init__(self, threads: int = THREADS) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="drain-background")

    @cached_property
    def _news(self) -> tuple[socket.socket, socket.socket]:
        """Where the thread tells, and where it is heard."""
        pair = socket.socketpair()
        for one in pair:
            one.settimeout(0)
        return pair

    def submit(self, work: Work[Result], /) -> Future[Result]:
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
