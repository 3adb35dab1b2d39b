"""The concurrency limit of each target: fair shares, and a target that hangs delays no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.ids import EventIds
from app.domain.weights import LaneWeights
from app.engine.target_limit import (
    MAX_DEFER_MS,
    MIN_DEFER_MS,
    MIN_LIMIT,
    SLOW_MS,
    STALLED_MS,
    TargetLimit,
)
from app.engine.target_limits import (
    BRIEFLY_STALLED_MS,
    LITTLE,
    SLOW_FACTOR,
    InFlightRequest,
    TargetLimits,
    target_of,
)
from app.store.claims import Claim
from tests.support.builders import a_claim as claim

CONCURRENCY = 16


def queue(limits: TargetLimits, one: Claim) -> None:
    limits.add(one, target_of(one.action.target))


def hosts(requests: list[InFlightRequest]) -> list[str]:
    return [request.claim.action.target.split("/")[2] for request in requests]


def test_whom_no_url_reaches_is_a_target_by_itself() -> None:
    assert target_of("websocket:one") == "websocket:one" != target_of("websocket:other")


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
        for request in [one for one in in_flight if "well" in one.claim.action.target]:
            in_flight.remove(request)
            limits.end(request, now_ms, succeeded=True)
            sent += 1
        limits.mark_slow(now_ms)
        in_flight += limits.start_ready(now_ms)
    assert sent == 100
    assert now_ms < 300
    assert sum("hangs" in one.claim.action.target for one in in_flight) <= CONCURRENCY // 4


def test_what_waits_for_a_stalled_target_is_counted() -> None:
    """More can be claimed meanwhile. A target at its limit whose requests end is not stalled."""
    limits = TargetLimits(CONCURRENCY)
    for number in range(20):
        queue(limits, claim(number, "hangs"))
        queue(limits, claim(1_000 + number, "well"))
    requests = list(limits.start_ready(0))
    assert limits.stalled(BRIEFLY_STALLED_MS - 1) == 0
    well = next(one for one in requests if "well" in one.claim.action.target)
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
    assert len(limits.mark_slow(SLOW_MS - 1)) == 0
    assert len(limits.mark_slow(SLOW_MS)) == 4
    for number in range(CONCURRENCY):
        queue(limits, claim(100 + number, f"other{number}"))
    assert len(list(limits.start_ready(SLOW_MS))) == CONCURRENCY
    for request in requests:
        limits.end(request, SLOW_MS + 1, succeeded=True)
    assert len(limits.mark_slow(SLOW_MS + 1)) == 0


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


def test_what_an_exchange_takes_is_smoothed_over_eight() -> None:
    limit = TargetLimit("a", 4.0)
    limit.grow(500, 900, succeeded=True, most=16)
    assert (limit.took_ms, limit.progress_ms) == (200.0, 500)
    limit.grow(600, 200, succeeded=True, most=16)
    assert limit.took_ms == 200.0


@pytest.mark.parametrize(
    ("succeeded", "took_ms", "expected"),
    [(True, 5_000, 5.0), (False, SLOW_MS - 1, 5.0), (False, SLOW_MS, 4.0)],
)
def test_a_limit_grows_by_one_with_an_answer_that_is_quick_or_successful(
    succeeded: bool, took_ms: int, expected: float
) -> None:
    limit = TargetLimit("a", 4.0)
    limit.grow(0, took_ms, succeeded=succeeded, most=16)
    assert limit.limit == expected
    limit.grow(0, took_ms, succeeded=succeeded, most=4)
    assert limit.limit == 4.0


def test_a_limit_shrinks_by_a_quarter_once_a_second_and_never_to_nothing() -> None:
    limit = TargetLimit("a", 8.0)
    limit.shrink(0)
    limit.shrink(SLOW_MS - 1)
    assert limit.limit == 6.0
    limit.shrink(SLOW_MS)
    assert limit.limit == 4.5
    for second in range(2, 9):
        limit.shrink(second * SLOW_MS)
    assert limit.limit == MIN_LIMIT


def test_a_target_is_stalled_when_it_is_full_and_nothing_ends() -> None:
    limit = TargetLimit("a", 2.9, in_flight=2, progress_ms=1_000)
    assert not limit.is_stalled(1_000 + STALLED_MS - 1)
    assert limit.is_stalled(1_000 + STALLED_MS)
    assert not TargetLimit("a", 2.9, in_flight=1, progress_ms=1_000).is_stalled(9_000)


@pytest.mark.parametrize(
    ("position", "now_ms", "expected"),
    [
        (0, 1_000, 1_000),  # 4 s for each of the four at once
        (1, 1_000, 2_000),
        (3, 1_000, 4_000),
        (0, 9_000, 2_000),  # it has stood for 8 s
        (0, 0, 1_000),
        (99, 1_000, MAX_DEFER_MS),
    ],
)
def test_a_deferral_is_as_long_as_its_turn_is_away(
    position: int, now_ms: int, expected: int
) -> None:
    limit = TargetLimit("a", 4.0, took_ms=4_000.0, progress_ms=1_000)
    assert limit.defer_ms(position, now_ms) == expected
    assert TargetLimit("a", 4.0).defer_ms(0, 0) == MIN_DEFER_MS
    assert TargetLimit("a", 1.0, took_ms=4_000.0).defer_ms(0, 0) == 4_000


def test_a_target_that_begins_again_has_not_stood_still_meanwhile() -> None:
    """Nothing is known of the time in which there was nothing to do; of one that is busy, there is."""
    limits = TargetLimits(CONCURRENCY)
    queue(limits, claim(0, "a"))
    queue(limits, claim(1, "a"))
    first, second = limits.start_ready(0)
    limit = first.limit
    limits.end(first, 10, succeeded=True)
    queue(limits, claim(2, "a"))
    (third,) = limits.start_ready(5_000)
    assert limit.progress_ms == 10
    limits.end(second, 5_000, succeeded=True)
    limits.end(third, 5_000, succeeded=True)
    queue(limits, claim(3, "a"))
    list(limits.start_ready(9_000))
    assert (limit.target, limit.progress_ms, limit.in_flight) == ("https://a:443", 9_000, 1)


def test_all_slow_ones_together_have_an_end_and_each_that_ends_makes_room() -> None:
    limits = TargetLimits(MIN_LIMIT)
    now_ms, slow = 0, []
    for number in range(SLOW_FACTOR * MIN_LIMIT):
        queue(limits, claim(number, f"slow{number}"))
    for _ in range(SLOW_FACTOR):
        taken = list(limits.start_ready(now_ms))
        assert len(taken) == MIN_LIMIT
        assert list(limits.start_ready(now_ms)) == []
        now_ms += SLOW_MS
        assert len(limits.mark_slow(now_ms)) == MIN_LIMIT
        assert all(request.is_slow for request in taken)
        slow += taken
    for number in range(3):
        queue(limits, claim(100 + number, f"other{number}"))
    assert list(limits.start_ready(now_ms)) == []
    assert limits.waiting == 3
    limits.end(slow[0], now_ms, succeeded=True)
    assert len(list(limits.start_ready(now_ms))) == MIN_LIMIT
    assert len(limits.mark_slow(now_ms + SLOW_MS)) == MIN_LIMIT
    assert list(limits.start_ready(now_ms)) == []


def test_what_has_ended_is_never_called_slow() -> None:
    limits = TargetLimits(CONCURRENCY)
    queue(limits, claim(0, "a"))
    (request,) = limits.start_ready(0)
    limits.end(request, 5, succeeded=False)
    assert (request.has_ended, limits.mark_slow(9 * SLOW_MS), request.is_slow) == (True, [], False)


def test_targets_for_which_there_is_nothing_are_forgotten() -> None:
    limits = TargetLimits(CONCURRENCY)
    for host in ("idle", "waits", "busy"):
        queue(limits, claim(0, host))
        (request,) = limits.start_ready(0)
        if host != "busy":
            limits.end(request, 1, succeeded=True)
    queue(limits, claim(1, "waits"))
    kept = {target: limit for target, limit in limits._limits.items() if "idle" not in target}
    limits.forget_idle()
    assert limits._limits == kept
    assert len(kept) == 2


def test_what_waits_for_one_target_can_be_given_up() -> None:
    limits = TargetLimits(CONCURRENCY)
    for number in range(3):
        queue(limits, claim(number, "a"))
        queue(limits, claim(9 + number, "b"))
    requests = limits.start_ready(0, 1)
    limit = requests[0].limit
    queue(limits, claim(20, "a"))
    waiting = limits.clear_target(limit)
    assert [one.action.target for one in waiting] == ["https://a/hook"] * len(waiting)
    assert limits.clear_target(limit) == []
    assert set(hosts(list(limits.start_ready(0)))) == {"b"}


def test_what_a_request_took_is_counted_from_its_start() -> None:
    limits = TargetLimits(CONCURRENCY)
    queue(limits, claim(0, "a"))
    (request,) = limits.start_ready(5_000)
    limits.end(request, 5_020, succeeded=True)
    assert request.limit.took_ms == 90.0


def test_one_that_ends_makes_room_for_one() -> None:
    """Quick or slow."""
    limits = TargetLimits(4)
    for number in range(6):
        queue(limits, claim(number, f"quick{number}"))
    quick = list(limits.start_ready(0))
    limits.end(quick.pop(), 10, succeeded=True)
    quick += limits.start_ready(10)
    assert (len(quick), limits.waiting) == (4, 1)
    for round_ in range(1, SLOW_FACTOR):
        limits.mark_slow(round_ * SLOW_MS + 10)
        for number in range(4):
            queue(limits, claim(9 + number, f"slow{round_}{number}"))
        list(limits.start_ready(round_ * SLOW_MS + 10))
    now_ms = SLOW_FACTOR * SLOW_MS + 10
    limits.mark_slow(now_ms)
    assert list(limits.start_ready(now_ms)) == []
    assert limits.waiting == 1
    limits.end(quick[0], now_ms, succeeded=True)
    assert len(list(limits.start_ready(now_ms))) == 1
    limits.mark_slow(now_ms + SLOW_MS)
    queue(limits, claim(51, "another"))
    assert list(limits.start_ready(now_ms + SLOW_MS)) == []


def of_lane(number: int, lane: int, host: str) -> Claim:
    return claim(number, host, event_id=EventIds().make(1_000, 0, lane))


def test_lanes_take_turns_however_many_targets_one_has() -> None:
    limits = TargetLimits(CONCURRENCY)
    for number in range(100):
        queue(limits, of_lane(number, 1, f"many{number}"))
    for number in range(4):
        queue(limits, of_lane(number, 2, "few"))
    started = limits.start_ready(0)
    assert len(started) == CONCURRENCY
    assert hosts(started)[1:8:2] == ["few"] * 4
    assert sum("many" in host for host in hosts(started)) == CONCURRENCY - 4


def test_at_one_target_lanes_take_turns_as_well() -> None:
    limits = TargetLimits(CONCURRENCY)
    for number in range(100):
        queue(limits, of_lane(number, 1, "a"))
    queue(limits, of_lane(100, 2, "a"))
    first, second = limits.start_ready(0, 2)
    assert [first.claim.lane, second.claim.lane] == [1, 2]


@pytest.mark.parametrize("slow", [False, True])
def test_a_lane_that_has_taken_all_leaves_some_to_a_lane_with_little(slow: bool) -> None:
    """Be its requests quick or slow; the other lane gets so much and no more."""
    limits, now_ms = TargetLimits(CONCURRENCY), 0
    for number in range(1_000):
        queue(limits, of_lane(number, 1, f"many{number}"))
    assert len(limits.start_ready(now_ms)) == CONCURRENCY
    if slow:
        for _ in range(SLOW_FACTOR):
            now_ms += SLOW_MS
            limits.mark_slow(now_ms)
            limits.start_ready(now_ms)
        assert limits.mark_slow(now_ms) == []
    assert limits.start_ready(now_ms) == []
    for number in range(9):
        queue(limits, of_lane(number, 2, f"few{number}"))
    started = limits.start_ready(now_ms)
    assert hosts(started) == [f"few{number}" for number in range(len(started))]
    assert len(started) == CONCURRENCY // LITTLE
    for request in started:
        limits.end(request, now_ms, succeeded=True)
    assert {host[:3] for host in hosts(limits.start_ready(now_ms))} == {"few"}


def test_lanes_and_targets_of_which_nothing_is_left_are_forgotten() -> None:
    limits = TargetLimits(CONCURRENCY)
    for lane in range(5):
        queue(limits, of_lane(lane, lane, f"host{lane}"))
    requests = limits.start_ready(0)
    assert len(limits._lanes) == len(requests) == 5
    for request in requests[1:]:
        limits.end(request, 1, succeeded=True)
    limits.forget_idle()
    assert list(limits._lanes) == [0]


def test_of_a_stalled_target_the_lane_that_waits_with_most_is_deferred_first() -> None:
    limits = TargetLimits(CONCURRENCY)
    for number in range(100):
        queue(limits, of_lane(number, 1, "a"))
    queue(limits, of_lane(100, 2, "a"))
    queue(limits, of_lane(101, 3, "a"))
    limits.start_ready(0, 1)
    limits.start_ready(0)
    queue(limits, of_lane(102, 2, "a"))
    deferred = [one.lane for one, _ in limits.take_surplus(STALLED_MS)]
    assert set(deferred) == {1}
    assert len(deferred) > 80


def in_lane(number: int, lane: int) -> Claim:
    one = claim(number, f"{lane}-{number % 4}")
    event_id = one.event_id[:10] + (lane << 4).to_bytes(2, "big") + one.event_id[12:]
    return replace(one, event_id=event_id)


def test_a_lane_starts_as_many_in_its_turn_as_it_has_weight() -> None:
    limits = TargetLimits(CONCURRENCY, LaneWeights({7: 3}))
    for number in range(20):
        queue(limits, in_lane(number, 7))
        queue(limits, in_lane(number, 9))
    started = [request.claim.lane for _ in range(4) for request in limits.start_ready(0, 2)]
    assert started == [7, 7, 7, 9, 7, 7, 7, 9]


def test_what_a_lane_may_start_beyond_the_concurrency_goes_by_its_weight() -> None:
    """Else a light lane would have an eighth of all that is in flight, whatever its weight."""
    limits = TargetLimits(CONCURRENCY, LaneWeights({7: 16}))
    for number in range(40):
        queue(limits, in_lane(number, 7))
    while limits.start_ready(0):
        pass
    for number in range(8):
        queue(limits, in_lane(number, 9))
    assert len(limits.start_ready(0)) == 1
