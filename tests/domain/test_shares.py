"""A share is used up, fills up again, and is nobody else's."""

from __future__ import annotations

from app.domain.shares import REMEMBERED, Shares


def test_a_share_is_used_up_and_fills_up_again_for_each_owner() -> None:
    shares = Shares[str](100, 10)
    shares.take("one", 100, 5.0)
    assert shares.left("one", 5.0) == 0
    assert shares.left("two", 5.0) == 100
    assert shares.left("one", 6.0) == 10
    assert shares.left("one", 500.0) == 100


def test_more_may_be_taken_than_is_left_and_then_a_debt_is_paid_off_first() -> None:
    shares = Shares[str](100, 10)
    shares.take("one", 150, 0.0)
    assert shares.left("one", 0.0) == -50
    assert shares.left("one", 5.0) == 0


def test_what_is_given_back_never_makes_more_than_a_whole_share() -> None:
    shares = Shares[str](100, 10)
    shares.take("one", 30, 0.0)
    shares.give_back("one", 20, 0.0)
    assert shares.left("one", 0.0) == 90
    shares.give_back("one", 50, 0.0)
    assert shares.left("one", 0.0) == 100


def test_a_clock_that_is_set_back_gives_and_takes_nothing() -> None:
    shares = Shares[str](100, 10)
    shares.take("one", 60, 10.0)
    assert shares.left("one", 3.0) == 40


def test_owners_whose_share_is_full_are_forgotten() -> None:
    shares = Shares[int](100, 10)
    for number in range(3 * REMEMBERED):
        shares.take(number, 10, float(number))
    assert len(shares._used) <= REMEMBERED + 1
    assert shares.left(3 * REMEMBERED - 1, 3.0 * REMEMBERED - 1) == 90
