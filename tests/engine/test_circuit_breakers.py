"""Circuit breakers: when they open, what they hold back, and that workers share them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from app.domain.outcome import Outcome, Timings
from app.engine.circuit_breakers import (
    AFTER_MS,
    FAILURES,
    FIRST_MS,
    FORGET_MS,
    LONGEST_MS,
    MAX_DEFERRALS,
    PROBE_MS,
    REFRESH_MS,
    CircuitBreakers,
)
from app.store.breakers import BreakerStore
from app.store.claims import Claim
from app.wiring.services import Services
from tests.support.builders import a_claim as claim
from tests.support.clock import NOW_MS

TARGET = "https://example.com:443"
OTHER = "https://other.example:443"
TIMES = Timings(0, 0, 0)
OK = Outcome(TIMES, 200)
DOWN = Outcome(TIMES, error="refused", error_message="nobody listens")


def one() -> Claim:
    return claim(0, "example.com")


@pytest.fixture
def store(services: Services) -> BreakerStore:
    return services.storage.breakers


@pytest.fixture
def breakers(store: BreakerStore) -> CircuitBreakers:
    return CircuitBreakers(store)


def fail(breakers: CircuitBreakers, since_ms: int, until_ms: int, outcome: Outcome = DOWN) -> bool:
    """Fail ``FAILURES`` times between two moments; returns whether the breaker opened."""
    step = (until_ms - since_ms) / (FAILURES - 1)
    return [
        breakers.learn(TARGET, outcome, round(since_ms + step * number))
        for number in range(FAILURES)
    ][-1]


def test_opens_after_many_failures_over_some_time(breakers: CircuitBreakers) -> None:
    opened_ms = NOW_MS + AFTER_MS
    assert fail(breakers, NOW_MS, opened_ms)
    assert breakers.defer_until(TARGET, one(), opened_ms) == opened_ms + FIRST_MS
    assert breakers.defer_until("https://other.example:443", one(), opened_ms) is None


def test_many_failures_at_once_do_not_open_it(breakers: CircuitBreakers) -> None:
    assert not fail(breakers, NOW_MS, NOW_MS + AFTER_MS - 1)
    assert breakers.defer_until(TARGET, one(), NOW_MS + AFTER_MS) is None


def test_an_answer_ends_the_count(breakers: CircuitBreakers) -> None:
    fail(breakers, NOW_MS, NOW_MS + AFTER_MS - 1)
    breakers.learn(TARGET, OK, NOW_MS + AFTER_MS)
    assert not breakers.learn(TARGET, DOWN, NOW_MS + AFTER_MS + 1)


@pytest.mark.parametrize(("status", "opens"), [(500, False), (404, False), (503, True)])
def test_only_an_answer_of_one_who_is_away_is_a_fault(
    breakers: CircuitBreakers, status: int, opens: bool
) -> None:
    outcome = Outcome(TIMES, status, error="status", error_message="no")
    assert fail(breakers, NOW_MS, NOW_MS + AFTER_MS, outcome) is opens


def test_an_expected_503_is_no_fault(breakers: CircuitBreakers) -> None:
    assert not fail(breakers, NOW_MS, NOW_MS + AFTER_MS, Outcome(TIMES, 503))


def test_half_open_one_attempt_finds_out(breakers: CircuitBreakers) -> None:
    opened_ms = NOW_MS + AFTER_MS
    fail(breakers, NOW_MS, opened_ms)
    tried_ms = opened_ms + FIRST_MS
    assert breakers.defer_until(TARGET, one(), tried_ms) is None
    assert breakers.defer_until(TARGET, one(), tried_ms) == tried_ms + PROBE_MS
    assert not breakers.learn(TARGET, OK, tried_ms + 10)
    assert breakers.defer_until(TARGET, one(), tried_ms + 10) is None
    assert breakers.defer_until(TARGET, one(), tried_ms + 10) is None


def test_each_time_in_a_row_it_stays_open_for_twice_as_long(breakers: CircuitBreakers) -> None:
    now_ms = NOW_MS + AFTER_MS
    fail(breakers, NOW_MS, now_ms)
    lengths = []
    for _ in range(6):
        until_ms = breakers.defer_until(TARGET, one(), now_ms) or 0
        lengths.append(until_ms - now_ms)
        now_ms = until_ms
        assert breakers.defer_until(TARGET, one(), now_ms) is None
        assert breakers.learn(TARGET, DOWN, now_ms)
    assert lengths == [5_000, 10_000, 20_000, 40_000, LONGEST_MS, LONGEST_MS]


def test_an_attempt_is_deferred_twice_at_most(breakers: CircuitBreakers) -> None:
    fail(breakers, NOW_MS, NOW_MS + AFTER_MS)
    held = one()
    held.deferred = MAX_DEFERRALS
    assert breakers.defer_until(TARGET, held, NOW_MS + AFTER_MS) is None


def test_what_is_held_comes_back_one_after_another(breakers: CircuitBreakers) -> None:
    fail(breakers, NOW_MS, NOW_MS + AFTER_MS)
    claims = [claim(number, "example.com") for number in range(100)]
    moments = {breakers.defer_until(TARGET, one, NOW_MS + AFTER_MS) for one in claims}
    assert len(moments) == 100


def test_workers_share_what_they_find_out(breakers: CircuitBreakers, store: BreakerStore) -> None:
    other = CircuitBreakers(store)
    opened_ms = NOW_MS + AFTER_MS
    assert other.defer_until(TARGET, one(), opened_ms - REFRESH_MS) is None
    fail(breakers, NOW_MS, opened_ms)
    assert other.defer_until(TARGET, one(), opened_ms) is not None
    later_ms = opened_ms + FIRST_MS
    other.learn(TARGET, OK, later_ms)
    assert breakers.defer_until(TARGET, one(), later_ms + REFRESH_MS) is None


def test_attempts_do_not_wait_for_what_others_have_found_out(store: BreakerStore) -> None:
    """What this process finds out meanwhile is newer than what is being read."""
    begun: list[tuple[Callable[[], Any], Future[Any]]] = []

    def submit(work: Callable[[], Any], /) -> Future[Any]:
        begun.append((work, Future()))
        return begun[-1][1]

    breakers = CircuitBreakers(store, submit)
    store.open(OTHER, NOW_MS, first_ms=FIRST_MS, longest_ms=LONGEST_MS, forget_ms=FORGET_MS)
    opened_ms = NOW_MS + AFTER_MS
    assert breakers.defer_until(OTHER, one(), opened_ms - 1) is None
    ((work, future),) = begun
    read = work()
    assert fail(breakers, NOW_MS, opened_ms)
    assert breakers.defer_until(OTHER, one(), opened_ms) is None
    assert len(begun) == 1
    future.set_result(read)
    assert breakers.defer_until(TARGET, one(), opened_ms) is not None
    assert breakers.defer_until(OTHER, one(), NOW_MS) is not None


def test_what_was_read_long_ago_judges_nobody(store: BreakerStore) -> None:
    """A worker that was idle must not put off what is for a target that another found well."""
    begun: list[tuple[Callable[[], Any], Future[Any]]] = []

    def submit(work: Callable[[], Any], /) -> Future[Any]:
        begun.append((work, Future()))
        return begun[-1][1]

    def answer() -> None:
        work, future = begun[-1]
        future.set_result(work())

    store.open(TARGET, NOW_MS, first_ms=FIRST_MS, longest_ms=LONGEST_MS, forget_ms=FORGET_MS)
    breakers = CircuitBreakers(store, submit)
    breakers.refresh(NOW_MS)
    answer()
    store.close(TARGET)
    later_ms = NOW_MS + 10 * FIRST_MS
    breakers.refresh(later_ms)
    answer()
    assert [breakers.defer_until(TARGET, one(), later_ms + 1) for _ in range(2)] == [None, None]


def test_what_two_workers_find_out_at_once_counts_once(store: BreakerStore) -> None:
    for _ in range(2):
        fail(CircuitBreakers(store), NOW_MS, NOW_MS + AFTER_MS)
    assert store.all(NOW_MS) == {TARGET: NOW_MS + AFTER_MS + FIRST_MS}


def test_a_target_of_which_nothing_is_heard_is_forgotten(
    breakers: CircuitBreakers, store: BreakerStore
) -> None:
    fail(breakers, NOW_MS, NOW_MS + AFTER_MS)
    late_ms = NOW_MS + AFTER_MS + FIRST_MS + FORGET_MS + 1
    assert breakers.defer_until(TARGET, one(), late_ms) is None
    times = {"first_ms": 1, "longest_ms": 1, "forget_ms": FORGET_MS}
    store.open("https://other.example:443", late_ms, **times)
    assert list(store.all(0)) == ["https://other.example:443"]
