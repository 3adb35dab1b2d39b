"""In place of a background thread: work is done at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from app.errors import StoreUnavailable


class AtOnce:
    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work())
        except StoreUnavailable as error:
            future.set_exception(error)
        return future

    def fileno(self) -> int:
        return 7

    def hear(self) -> None:
        """Nothing is told."""
