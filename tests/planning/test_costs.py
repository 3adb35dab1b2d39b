"""What planning a series has cost is remembered for a while, of as many as fit."""

from __future__ import annotations

import pytest

from app.planning import costs
from app.planning.costs import RELIABLE_MS, Costs


def test_a_cost_is_the_last_one_for_a_while() -> None:
    known = Costs()
    assert known.of(b"one", 0, 7) == 7
    known.learn(b"one", 100, 1_000)
    known.learn(b"one", 200, 2_000)
    assert known.of(b"one", 2_000 + RELIABLE_MS - 1, 7) == 200
    assert known.of(b"one", 2_000 + RELIABLE_MS, 7) == 7


def test_those_that_were_planned_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "REMEMBERED", 2)
    known = Costs()
    for name in (b"one", b"two", b"one", b"three"):
        known.learn(name, 100, 0)
    assert [known.of(name, 0, 7) for name in (b"one", b"two", b"three")] == [100, 7, 100]
