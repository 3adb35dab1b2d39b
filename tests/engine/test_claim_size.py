"""How much one call claims: all that it may, unless that makes another tenant's deliveries late."""

from __future__ import annotations

import pytest

from app.engine.claim_size import LEAST, LOOKED_AT, QUICK_MS, SHARED_MS, SLOW_MS, ClaimSize
from app.store.calls import BATCH


class Store:
    """A store whose calls take so many ms whatever they claim, and so many for each claim."""

    def __init__(self, fixed_ms: float, each_ms: float) -> None:
        self.fixed_ms, self.each_ms = fixed_ms, each_ms
        self.size, self.now_ms = ClaimSize(), 1_000_000

    def call(self, *, lanes: int = 2, most: int = BATCH) -> int:
        """One call of a long backlog; how long it took."""
        claimed = min(self.size.most, most)
        took_ms = int(self.fixed_ms + self.each_ms * claimed)
        self.now_ms += took_ms
        self.size.learn(claimed, took_ms, self.now_ms, lanes=lanes)
        return took_ms

    def calls(self, count: int, *, lanes: int = 2) -> list[int]:
        return [self.call(lanes=lanes) for _ in range(count)]


def test_of_one_tenant_a_call_claims_as_much_as_ever() -> None:
    store = Store(2, 0.3)
    store.calls(40, lanes=1)
    assert store.size.most == BATCH


def test_beside_another_tenant_calls_become_short() -> None:
    """So short that what falls due during one is claimed by the next before it is due."""
    store = Store(2, 0.3)
    store.calls(20)
    assert max(store.calls(40)) <= SLOW_MS
    assert store.size.most >= LEAST


def test_calls_that_are_short_stay_as_large_as_they_are() -> None:
    store = Store(1, 0.06)
    store.calls(40)
    assert store.size.most == BATCH


@pytest.mark.parametrize("lanes", [1, 2])
def test_calls_are_large_again_once_the_store_is_quick_or_nobody_else_is_there(lanes: int) -> None:
    store = Store(2, 0.3)
    store.calls(40)
    assert store.size.most < BATCH
    if lanes == 1:
        store.now_ms += SHARED_MS
    else:
        store.fixed_ms, store.each_ms = 1.0, QUICK_MS / BATCH / 2
    store.calls(40, lanes=lanes)
    assert store.size.most == BATCH


def test_where_small_calls_take_as_long_they_are_not_small() -> None:
    """As with a slow disk: what a call takes that claims little is what every call takes."""
    store = Store(40, 0.01)
    store.call(most=5)
    store.calls(60)
    assert store.size.most == BATCH


def test_one_small_call_that_was_held_up_says_nothing() -> None:
    store = Store(2, 0.3)
    for _ in range(20):
        store.call(most=5)
    store.size.learn(5, 100, store.now_ms, lanes=2)
    store.calls(40)
    assert store.size.most == LEAST


def test_one_call_that_was_held_up_changes_nothing() -> None:
    store = Store(1, 0.06)
    store.calls(LOOKED_AT - 1)
    store.size.learn(BATCH, 2 * SLOW_MS - 2 * QUICK_MS, store.now_ms, lanes=2)
    assert store.size.most == BATCH


def test_calls_that_find_little_say_nothing_of_the_size() -> None:
    store = Store(60, 0.0)
    for _ in range(40):
        store.call(most=10)
    assert store.size.most == BATCH


def test_a_size_is_kept_for_the_next_time_that_others_are_there() -> None:
    store = Store(2, 0.3)
    store.calls(40)
    right = store.size.most
    store.now_ms += SHARED_MS
    store.calls(4, lanes=1)
    store.call()
    assert store.size.most == right < BATCH
