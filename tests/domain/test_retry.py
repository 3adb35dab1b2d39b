"""What follows an attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.outcome import Outcome, Timings
from app.domain.retry import DEFAULT, Done, GiveUp, RetryAt, RetryPolicy, decide

NOW = 1_713_866_400_000
DAY = 86_400_000


def outcome(status=None, error="status", **wishes):
    return Outcome(Timings(0, 0, 0), status_code=status, error=error, **wishes)


def decided(given, attempt=1, policy=DEFAULT, since_ms=NOW, jitter=0.5, least_ms=0):
    return decide(
        given,
        attempt,
        policy,
        now_ms=NOW,
        since_ms=since_ms,
        jitter=jitter,
        least_ms=least_ms,
    )


def wait(given, attempt=1, policy=DEFAULT, **rest):
    decision = decided(given, attempt, policy, **rest)
    assert isinstance(decision, RetryAt)
    return decision.at_ms - NOW


def test_a_success_is_done():
    assert decided(outcome(204, error=None)) == Done()


def test_the_default_makes_eight_attempts_over_about_a_day():
    waits = [wait(outcome(500), attempt) for attempt in range(1, 8)]
    assert waits == [15_000, 60_000, 240_000, 960_000, 3_840_000, 15_360_000, 61_440_000]
    assert sum(waits) == 81_915_000  # 22:45:15
    assert isinstance(decided(outcome(500), 8), GiveUp)


def test_jitter_moves_a_delay_by_its_fraction_either_way():
    policy = RetryPolicy(first_ms=1000, jitter=0.2)
    assert wait(outcome(500), policy=policy, jitter=0.0) == 800
    assert wait(outcome(500), policy=policy, jitter=0.5) == 1000
    assert wait(outcome(500), policy=policy, jitter=0.75) == 1100
    assert wait(outcome(500), policy=policy, jitter=1 - 2**-53) == 1200


def test_the_last_delay_of_a_list_repeats():
    policy = RetryPolicy(attempts=5, delays_ms=(5_000, 300_000), jitter=0)
    assert [wait(outcome(500), n, policy) for n in (1, 2, 3, 4)] == [5_000, *[300_000] * 3]
    assert decided(outcome(500), 5, policy) == GiveUp()


def test_growth_stops_at_the_maximum():
    policy = RetryPolicy(attempts=100, first_ms=1000, factor=10, max_ms=60_000, jitter=0)
    assert [wait(outcome(500), n, policy) for n in (1, 2, 3, 99)] == [1000, 10_000, 60_000, 60_000]


@given(
    attempt=st.integers(1, 10**9),
    factor=st.floats(1, 100),
    first_ms=st.integers(0, 30 * DAY),
    fraction=st.floats(0, 1),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_no_number_overflows_a_delay(attempt, factor, first_ms, fraction, jitter):
    policy = RetryPolicy(first_ms=first_ms, factor=factor, max_ms=30 * DAY, jitter=fraction)
    assert 0 <= policy.delay_ms(attempt, jitter) <= 60 * DAY


def test_nothing_is_tried_after_max_age():
    policy = RetryPolicy(delays_ms=(10_000,), jitter=0, max_age_ms=60_000)
    assert wait(outcome(500), policy=policy, since_ms=NOW - 50_000) == 10_000
    late = decided(outcome(500), policy=policy, since_ms=NOW - 50_001)
    assert late == GiveUp("the next attempt would come after max_age")


def test_410_ends_it_and_makes_the_event_inactive():
    decision = decided(outcome(410, retry_after="1"))
    assert decision == GiveUp(deactivate_event=True)


def test_a_receiver_may_ask_to_stop():
    decision = decided(outcome(500, abort=True))
    reason = "it asked not to be sent this again (webhook-delivery: abort-message)"
    assert decision == GiveUp(reason, deactivate_event=False)


def test_who_does_not_acknowledge_gives_a_reason_of_its_own():
    assert decided(outcome(202, error="nack", abort=True)) == GiveUp()


def test_a_target_that_is_not_allowed_is_not_tried_again():
    assert decided(outcome(error="not_allowed")) == GiveUp()


@pytest.mark.parametrize(
    "error", ["timeout", "dns", "refused", "tls", "closed", "reset", "protocol"]
)
def test_every_other_failure_is_tried_again(error):
    assert wait(outcome(error=error)) == 15_000


@pytest.mark.parametrize(("asked", "ms"), [("1", 1000), ("3600", 3_600_000), ("0", 0)])
def test_retry_after_replaces_the_delay_shorter_or_longer_and_without_jitter(asked, ms):
    assert wait(outcome(503, retry_after=asked), jitter=0.0) == ms


def test_retry_after_adds_no_attempts_and_no_age():
    assert isinstance(decided(outcome(503, retry_after="1"), 8), GiveUp)
    policy = RetryPolicy(max_age_ms=60_000)
    assert isinstance(decided(outcome(503, retry_after="61"), policy=policy), GiveUp)


def test_retry_after_nonsense_leaves_the_policy_in_charge():
    assert wait(outcome(503, retry_after="-5")) == 15_000


def test_a_date_in_retry_after_counts_from_now():
    late = format_datetime(
        datetime.fromtimestamp(NOW / 1000, UTC) + timedelta(hours=2), usegmt=True
    )
    assert wait(outcome(503, retry_after=late)) == 7_200_000


@pytest.mark.parametrize(
    ("delay_ms", "waits"), [(0, 1_000), (999, 1_000), (1_000, 1_000), (1_001, 1_001)]
)
def test_no_policy_waits_for_less_than_the_least_delay(delay_ms, waits):
    policy = RetryPolicy(attempts=100, delays_ms=(delay_ms,), jitter=0)
    assert wait(outcome(500), 50, policy, least_ms=1_000) == waits


@given(
    st.integers(0, 5_000), st.floats(0, 1), st.floats(0, 0.999), st.integers(0, 5_000),
    st.integers(1, 99),
)  # fmt: skip
def test_nothing_but_the_receiver_makes_it_shorter(first_ms, spread, jitter, least_ms, attempt):
    policy = RetryPolicy(attempts=100, first_ms=first_ms, jitter=spread)
    waits = wait(outcome(500), attempt, policy, jitter=jitter, least_ms=least_ms)
    assert waits == max(policy.delay_ms(attempt, jitter), least_ms)
    asked = outcome(503, retry_after="0")
    assert wait(asked, attempt, policy, jitter=jitter, least_ms=least_ms) == 0


def test_max_age_is_judged_with_the_delay_that_counts():
    policy = RetryPolicy(attempts=9, delays_ms=(0,), jitter=0, max_age_ms=500)
    assert isinstance(decided(outcome(500), 1, policy, least_ms=1_000), GiveUp)
