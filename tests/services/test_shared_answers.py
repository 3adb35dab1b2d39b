"""Who asks the same within a moment gets the same answer, made once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.errors import StoreUnavailable
from app.services.shared_answers import MOST, SharedAnswers
from tests.support.clock import FakeClock


def counting(made: list[str], name: str) -> Callable[[], str]:
    def make() -> str:
        made.append(name)
        return f"{name}{len(made)}"

    return make


def test_an_answer_is_shared_until_it_is_too_old(clock: FakeClock) -> None:
    shared, made = SharedAnswers(clock, 2_000), list[str]()
    assert [shared.of("a", counting(made, "a")) for _ in range(3)] == ["a1"] * 3
    assert shared.of("b", counting(made, "b")) == "b2"
    clock.advance(1_999)
    assert shared.of("a", counting(made, "a")) == "a1"
    clock.advance(1)
    assert shared.of("a", counting(made, "a")) == "a3"
    clock.advance(-60_000)
    assert shared.of("a", counting(made, "a")) == "a4"


def test_one_thread_makes_it_and_the_others_wait(clock: FakeClock) -> None:
    shared, made, all_there = SharedAnswers(clock, 2_000), list[str](), threading.Barrier(8)

    def ask(_: int) -> str:
        all_there.wait(10)
        return shared.of("a", counting(made, "a"))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"a1"}


def test_an_error_is_not_kept(clock: FakeClock) -> None:
    shared, made = SharedAnswers(clock, 2_000), list[str]()

    def fail() -> str:
        raise StoreUnavailable

    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            shared.of("a", fail)
    assert shared.of("a", counting(made, "a")) == "a1"


def test_who_waits_for_what_fails_is_told_so_too(clock: FakeClock) -> None:
    shared, all_there = SharedAnswers(clock, 2_000), threading.Barrier(8)

    def fail() -> str:
        raise StoreUnavailable

    def ask(_: int) -> None:
        all_there.wait(10)
        with pytest.raises(StoreUnavailable):
            shared.of("a", fail)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [None] * 8


def test_only_so_many_are_kept(clock: FakeClock) -> None:
    shared, made = SharedAnswers(clock, 2_000), list[str]()
    for number in range(MOST + 1):
        shared.of(number, counting(made, "a"))
    assert len(made) == MOST + 1
    shared.of(MOST, counting(made, "a"))
    assert len(made) == MOST + 1
    shared.of(0, counting(made, "a"))
    assert len(made) == MOST + 2
