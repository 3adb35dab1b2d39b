from __future__ import annotations

import socket
import time

from app.engine.waiting import wait_for


def test_it_waits_for_fractions_of_a_millisecond() -> None:
    begun = time.perf_counter()
    wait_for([], 1.5, 50.0)
    assert time.perf_counter() - begun >= 0.0015


def test_news_end_the_wait() -> None:
    one, other = socket.socketpair()
    with one, other:
        other.send(b"x")
        begun = time.perf_counter()
        wait_for([one.fileno()], 30_000.0, 50.0)
        assert time.perf_counter() - begun < 10
