"""Has threads do what waits for the store, and tells the event loop what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.errors import StoreUnavailable

log = logging.getLogger(__name__)

THREADS = 4

Result = TypeVar("Result")


def ignore(result: object) -> None:
    """What is not waited for: if it failed, it is done again or ends by itself."""
    if isinstance(result, Exception) and not isinstance(result, StoreUnavailable):
        log.error("the state of a live connection could not be written", exc_info=result)


class Asker:
    """Some threads, for one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._threads = ThreadPoolExecutor(THREADS, "live")

    def ask(
        self,
        work: Callable[[], Result],
        then: Callable[[Result | Exception], object] = ignore,
    ) -> None:
        """Do some work; ``then`` is called in the event loop with the result or the error."""

        def run() -> None:
            result: Result | Exception
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                result = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for it
                self._loop.call_soon_threadsafe(then, result)

        self._threads.submit(run)
