"""What goes on in a thread of its own beside a test."""

from __future__ import annotations

import threading
from typing import Self


class Background:
    """Runs ``_run`` in a thread while it is entered; that ends once ``_told`` is set."""

    def __init__(self, name: str) -> None:
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._told.set()
        self._thread.join()

    def _run(self) -> None:
        raise NotImplementedError
