"""Whoever holds most gives way when all together hold too much."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.http_server.held_heads import HeldHeads


def test_the_one_that_holds_most_gives_way() -> None:
    held = HeldHeads[str](100)
    assert held.hold("modest", 1) is None
    assert held.hold("greedy", 60) is None
    assert held.hold("another", 39) is None
    assert held.hold("modest", 2) == "greedy"
    assert held.hold("greedy", 0) is None
    assert held.hold("modest", 62) == "modest"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 80))))
def test_never_more_is_held_than_may_be(asked: list[tuple[int, int]]) -> None:
    held, truth = HeldHeads[int](100), dict[int, int]()
    for holder, size in asked:
        truth[holder] = size
        greedy = held.hold(holder, size)
        while greedy is not None:
            assert truth[greedy] == max(truth.values())
            assert sum(truth.values()) > 100
            truth[greedy] = 0
            greedy = held.hold(greedy, 0)
        assert sum(truth.values()) <= 100
        assert len(held._held) == sum(map(bool, truth.values()))
