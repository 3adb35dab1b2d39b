"""The time of one run of upkeep is over after some seconds, or when its process is to stop."""

from __future__ import annotations

import threading

from app.engine.time_limit import TimeLimit


def test_it_is_over_after_its_seconds_or_with_the_process() -> None:
    stop = threading.Event()
    some = TimeLimit(60, stop.is_set)
    assert (some.is_over(), TimeLimit(60).is_over(), TimeLimit(0).is_over()) == (False, False, True)
    stop.set()
    assert (some.is_over(), some.is_stopping()) == (True, True)
