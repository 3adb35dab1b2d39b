"""A process that is told to stop twice at once stops."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from app.wiring.stop_flag import StopFlag


@pytest.fixture
def flag() -> Iterator[StopFlag]:
    """One that SIGTERM sets."""
    flag = StopFlag()
    before = signal.signal(signal.SIGTERM, lambda *_: flag.set())
    yield flag
    signal.signal(signal.SIGTERM, before)


@pytest.mark.timeout(10)
def test_a_signal_sets_it_while_its_thread_has_its_lock(flag: StopFlag) -> None:
    """As where a second signal comes before the first is done, or a wait has just begun."""
    with flag._cond:
        signal.raise_signal(signal.SIGTERM)
    assert flag.is_set()


@pytest.mark.timeout(10)
def test_another_thread_that_waits_is_woken(flag: StopFlag) -> None:
    waiting = threading.Thread(target=flag.wait)
    waiting.start()
    signal.raise_signal(signal.SIGTERM)
    waiting.join(5)
    assert not waiting.is_alive()
    assert flag.wait(0)
