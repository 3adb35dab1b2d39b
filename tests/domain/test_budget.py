"""A budget of steps: what is spent, by whom, and what happens when it is gone."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.budget import (
    UNLIMITED,
    BudgetExceeded,
    count,
    count_no_more,
    current,
    limited,
    unlimited,
)


def test_a_budget_can_be_spent_to_its_end_and_no_further() -> None:
    with limited(3) as budget:
        current().spend(3)
        assert budget.left == 0
        with pytest.raises(BudgetExceeded):
            current().spend()


def test_without_a_budget_nothing_is_limited() -> None:
    current().spend(1 << 40)


def test_what_an_inner_budget_spends_is_gone_from_the_outer_one() -> None:
    with limited(10) as outer:
        with limited(6):
            current().spend(4)
        assert outer.left == 6
        with pytest.raises(BudgetExceeded), limited(100):
            current().spend(7)
        assert outer.left == 0


def test_an_inner_budget_is_never_larger_than_what_is_left_outside() -> None:
    with limited(5), limited(50) as inner:
        assert inner.left == 5


def test_an_exceeded_inner_budget_leaves_the_rest_of_the_outer_one() -> None:
    with limited(100) as outer:
        with pytest.raises(BudgetExceeded), limited(10):
            current().spend(1_000)
        assert outer.left == 90


def test_a_budget_is_its_threads_own() -> None:
    """Another thread that works at the same time is not limited by it."""
    failed: list[BaseException] = []

    def spend_much() -> None:
        try:
            current().spend(1_000)
        except BudgetExceeded as error:
            failed.append(error)

    with limited(1):
        thread = threading.Thread(target=spend_much)
        thread.start()
        thread.join()
    assert not failed


def test_a_gate_is_asked_once_when_more_is_spent_than_is_free() -> None:
    """Whatever the budgets are in which it is spent; what was spent can be read at the end."""
    asked: list[None] = []

    def gate() -> int:
        asked.append(None)
        return 0

    counted, token = count(10, gate)
    try:
        with limited(100):
            current().spend(6)
            with limited(50):
                current().spend(4)
            assert asked == []
            with limited(50):
                current().spend(1)
        assert asked == [None]
        with limited(100):
            current().spend(90)
        assert asked == [None]
        assert UNLIMITED - counted.left == 101
    finally:
        count_no_more(token)
    current().spend(1 << 40)
    assert asked == [None]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 60)), max_size=30))
def test_a_gate_is_asked_again_after_as_many_steps_as_it_says(
    searches: list[tuple[int, int]],
) -> None:
    """Whatever the budgets are in which they are spent, and whether those are enough."""
    spent = 0
    asked: list[int] = []

    def gate() -> int:
        asked.append(spent)
        return 7

    counted, token = count(10, gate)
    try:
        for bound, steps in searches:
            before = UNLIMITED - counted.left
            with suppress(BudgetExceeded), limited(1_000), limited(bound):
                for number in range(steps):
                    spent = before + number + 1
                    current().spend()
    finally:
        count_no_more(token)
    assert asked == [at for at in range(11, UNLIMITED - counted.left + 1) if at % 8 == 3]


def test_a_gate_that_stays_shut_ends_the_search_and_not_the_bound() -> None:
    def shut() -> int:
        raise RuntimeError

    _, token = count(10, shut)
    try:
        with pytest.raises(BudgetExceeded), limited(5):
            current().spend(6)
        with unlimited():
            current().spend(1 << 40)
        with pytest.raises(RuntimeError), limited(50):
            current().spend(11)
    finally:
        count_no_more(token)
