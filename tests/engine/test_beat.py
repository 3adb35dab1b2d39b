"""A loop that stands still is known by the time since it went round."""

from __future__ import annotations

from app.engine.beat import Beat


def test_each_round_ends_the_silence() -> None:
    now = [100.0]
    beat = Beat(lambda: now[0])
    now[0] += 7
    assert beat.silent_s() == 7
    beat()
    assert beat.silent_s() == 0
