"""What an operator sees while something happens: each API host is asked for it all the time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.production.installation import Installation
from tests.support.api_client import Api

EVERY_S = 0.5

GAUGES = (b"qhronos_lag_seconds ", b"qhronos_queue_depth ", b"qhronos_workers ")


class Figures:
    """Asks in a thread of its own, and keeps what was missing."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.asked = 0
        self.missing: list[str] = []

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Ask until it is over."""
        over = threading.Event()
        thread = threading.Thread(target=self._ask_until, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _ask_until(self, over: threading.Event) -> None:
        while not over.wait(EVERY_S):
            for api in self._installation.apis:
                self.asked += 1
                try:
                    self._ask(api)
                except (OSError, AssertionError) as error:
                    self.missing.append(repr(error))

    def _ask(self, api: Api) -> None:
        status = api.get("/status")
        assert status["workers"] == len(self._installation.work), status
        assert status["lag_ms"] < 1_000, status
        metrics = api.call("GET", "/metrics").body
        assert all(gauge in metrics for gauge in GAUGES), metrics
