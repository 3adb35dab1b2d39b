"""The thread that rolls up what was counted."""

from __future__ import annotations

import threading

import pytest

from app.engine import stats_runner
from app.errors import StoreUnavailable


class Faulty:
    """Fails in two ways, then has it stop."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.calls = 0

    def add(self) -> int:
        self.calls += 1
        if self.calls == 1:
            raise StoreUnavailable
        if self.calls == 2:
            raise ValueError("a bucket of another version")
        self.stop.set()
        return 1


def test_no_fault_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on when the store is back, and if something can't be read."""
    monkeypatch.setattr(stats_runner, "EVERY_S", 0)
    stop = threading.Event()
    faulty = Faulty(stop)
    stats_runner.run(faulty, stop)
    assert faulty.calls == 3
