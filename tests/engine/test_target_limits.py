"""TargetLimits: each target gets a fair share, and one that hangs delays no other."""

from __future__ import annotations

from app.engine.target_limits import (
    LONGEST_DEFER_MS,
    SLOW_MS,
    STALL_MS,
    STANDSTILL_MS,
    InFlight,
    TargetLimits,
    target_of,
)
from app.store.claims import Claim
from tests.support.builders import a_claim as claim

CONCURRENCY = 16


def queue(lanes: TargetLimits, one: Claim) -> None:
    lanes.add(one, target_of(one.url))


def hosts(flights: list[InFlight]) -> list[str]:
    return [flight.claim.url.split("/")[2] for flight in flights]


def test_a_target_is_scheme_host_and_port() -> None:
    assert target_of("https://Example.com/a?b") == "https://example.com:443"
    assert target_of("http://example.com:8080/") == "http://example.com:8080"


def test_targets_take_turns() -> None:
    lanes = TargetLimits(CONCURRENCY)
    for number in range(8):
        queue(lanes, claim(number, "a" if number < 4 else "b"))
    assert hosts(list(lanes.take(0))) == ["a", "b"] * 4


def test_one_target_begins_with_a_share_and_gets_all_by_answering_quickly() -> None:
    lanes = TargetLimits(CONCURRENCY)
    for number in range(200):
        queue(lanes, claim(number, "a"))
    flights = list(lanes.take(0))
    assert len(flights) == CONCURRENCY // 4
    widest = 0
    for now_ms in range(5, 200, 5):
        for flight in flights:
            lanes.end(flight, now_ms, succeeded=True)
        flights = list(lanes.take(now_ms))
        widest = max(widest, len(flights))
    assert widest == CONCURRENCY


def test_a_target_that_hangs_leaves_room_for_the_others() -> None:
    """A hundred wait for the one that hangs; the other's go out as if it were alone."""
    lanes = TargetLimits(CONCURRENCY)
    for number in range(100):
        queue(lanes, claim(number, "hangs"))
        queue(lanes, claim(1_000 + number, "well"))
    sent, now_ms = 0, 0
    in_flight = list(lanes.take(0))
    while now_ms < 10_000 and sent < 100:
        now_ms += 10
        for flight in [one for one in in_flight if "well" in one.claim.url]:
            in_flight.remove(flight)
            lanes.end(flight, now_ms, succeeded=True)
            sent += 1
        lanes.age(now_ms)
        in_flight += lanes.take(now_ms)
    assert sent == 100
    assert now_ms < 300
    assert sum("hangs" in one.claim.url for one in in_flight) <= CONCURRENCY // 4


def test_what_waits_for_a_target_that_stands_still_is_known() -> None:
    """So that more can be claimed meanwhile. A target that is full but at work does not count."""
    lanes = TargetLimits(CONCURRENCY)
    for number in range(20):
        queue(lanes, claim(number, "hangs"))
        queue(lanes, claim(1_000 + number, "well"))
    flights = list(lanes.take(0))
    assert lanes.standing(STANDSTILL_MS - 1) == 0
    well = next(one for one in flights if "well" in one.claim.url)
    lanes.end(well, STANDSTILL_MS, succeeded=True)
    assert lanes.standing(STANDSTILL_MS) == 20 - CONCURRENCY // 4


def test_what_a_hanging_target_can_not_take_is_deferred_the_last_furthest() -> None:
    lanes = TargetLimits(CONCURRENCY)
    for number in range(100):
        queue(lanes, claim(number, "hangs"))
    list(lanes.take(0))
    assert list(lanes.surplus(STALL_MS - 1)) == []
    deferred = list(lanes.surplus(STALL_MS))
    assert len(deferred) + lanes.waiting == 100 - CONCURRENCY // 4
    delays = [delay_ms for _, delay_ms in deferred]
    assert delays == sorted(delays, reverse=True)
    assert {one.occurrence_id for one, _ in deferred}.isdisjoint(
        one.occurrence_id for one in lanes.clear()
    )


def test_the_longer_a_target_stands_still_the_later_its_surplus_comes_back() -> None:
    """Else the store would claim and take back the same ones while the others wait."""
    longest = []
    for stood_ms in (STALL_MS, SLOW_MS, 5 * SLOW_MS):
        lanes = TargetLimits(CONCURRENCY)
        for number in range(50):
            queue(lanes, claim(number, "hangs"))
        list(lanes.take(0))
        longest.append(max(delay_ms for _, delay_ms in lanes.surplus(stood_ms)))
    assert longest[0] * 3 < longest[1] < longest[2] == LONGEST_DEFER_MS


def test_slow_requests_leave_the_common_concurrency_and_come_back_to_the_count() -> None:
    lanes = TargetLimits(CONCURRENCY)
    for number in range(4):
        queue(lanes, claim(number, "slow"))
    flights = list(lanes.take(0))
    assert lanes.age(SLOW_MS - 1) == 0
    assert lanes.age(SLOW_MS) == 4
    for number in range(CONCURRENCY):
        queue(lanes, claim(100 + number, f"other{number}"))
    assert len(list(lanes.take(SLOW_MS))) == CONCURRENCY
    for flight in flights:
        lanes.end(flight, SLOW_MS + 1, succeeded=True)
    assert lanes.age(SLOW_MS + 1) == 0


def test_a_target_that_takes_its_time_keeps_its_rate() -> None:
    """Five a second, each of them answered well after a second and a half: about eight at once."""
    lanes = TargetLimits(128)
    in_flight: list[InFlight] = []
    late_ms = 0
    for now_ms in range(0, 60_000, 10):
        for flight in [one for one in in_flight if now_ms - one.started_ms >= 1_500]:
            in_flight.remove(flight)
            lanes.end(flight, now_ms, succeeded=True)
        if now_ms % 200 == 0:
            one = claim(now_ms, "slow")
            one.due_ms = now_ms
            queue(lanes, one)
        lanes.age(now_ms)
        for flight in lanes.take(now_ms):
            in_flight.append(flight)
            late_ms = max(late_ms, now_ms - flight.claim.due_ms)
        assert list(lanes.surplus(now_ms)) == []
    assert late_ms <= 20
