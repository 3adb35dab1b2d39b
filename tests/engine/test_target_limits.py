"""The concurrency limit of each target: fair shares, and a target that hangs delays no other."""

from __future__ import annotations

from app.engine.target_limits import (
    BRIEFLY_STALLED_MS,
    MAX_DEFER_MS,
    SLOW_MS,
    STALLED_MS,
    InFlightRequest,
    TargetLimits,
    target_of,
)
from app.store.claims import Claim
from tests.support.builders import a_claim as claim

CONCURRENCY = 16


def queue(limits: TargetLimits, one: Claim) -> None:
    limits.add(one, target_of(one.url))


def hosts(requests: list[InFlightRequest]) -> list[str]:
    return [request.claim.url.split("/")[2] for request in requests]


def test_a_target_is_scheme_host_and_port() -> None:
    assert target_of("https://Example.com/a?b") == "https://example.com:443"
    assert target_of("http://example.com:8080/") == "http://example.com:8080"


def test_targets_take_turns() -> None:
    limits = TargetLimits(CONCURRENCY)
    for number in range(8):
        queue(limits, claim(number, "a" if number < 4 else "b"))
    assert hosts(list(limits.start_ready(0))) == ["a", "b"] * 4


def test_one_target_begins_with_a_share_and_gets_all_by_answering_quickly() -> None:
    limits = TargetLimits(CONCURRENCY)
    for number in range(200):
        queue(limits, claim(number, "a"))
    requests = list(limits.start_ready(0))
    assert len(requests) == CONCURRENCY // 4
    widest = 0
    for now_ms in range(5, 200, 5):
        for request in requests:
            limits.end(request, now_ms, succeeded=True)
        requests = list(limits.start_ready(now_ms))
        widest = max(widest, len(requests))
    assert widest == CONCURRENCY


def test_a_target_that_hangs_leaves_room_for_the_others() -> None:
    """A hundred wait for the one that hangs; the other's go out as if it were alone."""
    limits = TargetLimits(CONCURRENCY)
    for number in range(100):
        queue(limits, claim(number, "hangs"))
        queue(limits, claim(1_000 + number, "well"))
    sent, now_ms = 0, 0
    in_flight = list(limits.start_ready(0))
    while now_ms < 10_000 and sent < 100:
        now_ms += 10
        for request in [one for one in in_flight if "well" in one.claim.url]:
            in_flight.remove(request)
            limits.end(request, now_ms, succeeded=True)
            sent += 1
        limits.mark_slow(now_ms)
        in_flight += limits.start_ready(now_ms)
    assert sent == 100
    assert now_ms < 300
    assert sum("hangs" in one.claim.url for one in in_flight) <= CONCURRENCY // 4


def test_what_waits_for_a_stalled_target_is_counted() -> None:
    """More can be claimed meanwhile. A target at its limit whose requests end is not stalled."""
    limits = TargetLimits(CONCURRENCY)
    for number in range(20):
        queue(limits, claim(number, "hangs"))
        queue(limits, claim(1_000 + number, "well"))
    requests = list(limits.start_ready(0))
    assert limits.stalled(BRIEFLY_STALLED_MS - 1) == 0
    well = next(one for one in requests if "well" in one.claim.url)
    limits.end(well, BRIEFLY_STALLED_MS, succeeded=True)
    assert limits.stalled(BRIEFLY_STALLED_MS) == 20 - CONCURRENCY // 4


def test_what_a_hanging_target_can_not_take_is_deferred_the_last_furthest() -> None:
    limits = TargetLimits(CONCURRENCY)
    for number in range(100):
        queue(limits, claim(number, "hangs"))
    list(limits.start_ready(0))
    assert list(limits.take_surplus(STALLED_MS - 1)) == []
    deferred = list(limits.take_surplus(STALLED_MS))
    assert len(deferred) + limits.waiting == 100 - CONCURRENCY // 4
    delays = [delay_ms for _, delay_ms in deferred]
    assert delays == sorted(delays, reverse=True)
    assert {one.occurrence_id for one, _ in deferred}.isdisjoint(
        one.occurrence_id for one in limits.clear()
    )


def test_the_longer_a_target_is_stalled_the_later_its_surplus_comes_back() -> None:
    """Otherwise the same claims would come back again and again while the others wait."""
    longest = []
    for stalled_ms in (STALLED_MS, SLOW_MS, 5 * SLOW_MS):
        limits = TargetLimits(CONCURRENCY)
        for number in range(50):
            queue(limits, claim(number, "hangs"))
        list(limits.start_ready(0))
        longest.append(max(delay_ms for _, delay_ms in limits.take_surplus(stalled_ms)))
    assert longest[0] * 3 < longest[1] < longest[2] == MAX_DEFER_MS


def test_slow_requests_leave_the_common_concurrency_and_come_back_to_the_count() -> None:
    limits = TargetLimits(CONCURRENCY)
    for number in range(4):
        queue(limits, claim(number, "slow"))
    requests = list(limits.start_ready(0))
    assert limits.mark_slow(SLOW_MS - 1) == 0
    assert limits.mark_slow(SLOW_MS) == 4
    for number in range(CONCURRENCY):
        queue(limits, claim(100 + number, f"other{number}"))
    assert len(list(limits.start_ready(SLOW_MS))) == CONCURRENCY
    for request in requests:
        limits.end(request, SLOW_MS + 1, succeeded=True)
    assert limits.mark_slow(SLOW_MS + 1) == 0


def test_a_target_that_takes_its_time_keeps_its_rate() -> None:
    """Five a second, each of them answered well after a second and a half: about eight at once."""
    limits = TargetLimits(128)
    in_flight: list[InFlightRequest] = []
    late_ms = 0
    for now_ms in range(0, 60_000, 10):
        for request in [one for one in in_flight if now_ms - one.started_ms >= 1_500]:
            in_flight.remove(request)
            limits.end(request, now_ms, succeeded=True)
        if now_ms % 200 == 0:
            one = claim(now_ms, "slow")
            one.due_ms = now_ms
            queue(limits, one)
        limits.mark_slow(now_ms)
        for request in limits.start_ready(now_ms):
            in_flight.append(request)
            late_ms = max(late_ms, now_ms - request.claim.due_ms)
        assert list(limits.take_surplus(now_ms)) == []
    assert late_ms <= 20
