"""What is told together, and when: nothing is lost, and no limit is passed."""

from __future__ import annotations

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from app.domain.alert_groups import (
    FIRST_WAIT_MS,
    HOUR_MS,
    MAX_SUBJECTS,
    NEXT_WAIT_MS,
    RETRY_FIRST_MS,
    RETRY_MOST_MS,
    SHOWN,
    AlertGroup,
    Sends,
)
from app.domain.alerts import Condition, Finding

FINDINGS = st.lists(
    st.builds(
        Finding,
        st.sampled_from(Condition),
        st.integers(0, 2**45),
        st.sampled_from(["a", "b", "c", ""]),
        st.text(max_size=9),
        st.text(max_size=9),
        is_over=st.booleans(),
    ),
    max_size=40,
)


@given(FINDINGS, st.integers(0, 40))
def test_however_findings_come_in_each_is_counted_once(findings: list[Finding], cut: int) -> None:
    at_once = AlertGroup("k", 5).add(findings)
    in_two = AlertGroup("k", 5).add(findings[:cut]).add(findings[cut:])
    assert at_once == in_two
    assert sum(one.count for one in at_once.parts) == len(findings)
    for part in at_once.parts:
        own = [f for f in findings if (f.condition, f.is_over) == (part.condition, part.is_over)]
        assert part.first == tuple(own[:SHOWN])
        assert set(part.subjects) == {one.subject for one in own}
    stored = AlertGroup.load(json.loads(json.dumps(at_once.dump())))
    assert stored.add([]) == at_once


def test_a_group_stays_small_however_much_is_found() -> None:
    many = [Finding(Condition.DEAD_LETTER, 1, str(number)) for number in range(1_000)]
    (part,) = AlertGroup("k", 0).add(many).parts
    assert (part.count, len(part.subjects), len(part.first)) == (1_000, MAX_SUBJECTS + 1, SHOWN)


@given(
    st.lists(st.integers(1, 40 * 60_000), min_size=1, max_size=80),
    st.integers(1, 20),
    st.lists(st.booleans(), min_size=80, max_size=80),
)
def test_no_more_are_sent_in_any_hour_than_the_limit_and_none_within_a_minute_of_another(
    gaps: list[int], per_hour: int, arrives: list[bool]
) -> None:
    """Whatever is found when; and what is found is told in the end."""
    now_ms, sends, sent = 10 * HOUR_MS, Sends(), list[int]()
    for gap, does in zip(gaps, arrives, strict=False):
        since_ms = now_ms = now_ms + gap
        moment = sends.next_ms(since_ms, per_hour, now_ms)
        assert now_ms <= moment - FIRST_WAIT_MS <= now_ms + RETRY_MOST_MS + HOUR_MS
        now_ms = moment
        assert sends.next_ms(since_ms, per_hour, now_ms) <= now_ms
        sends = sends.sent(now_ms) if does else sends.failed("no", now_ms)
        sent += [now_ms] if does else []
    assert all(later - one >= NEXT_WAIT_MS for one, later in itertools.pairwise(sent))
    for at, one in enumerate(sent[per_hour:]):
        assert one - sent[at] >= HOUR_MS


def test_what_does_not_arrive_is_tried_again_less_and_less_often() -> None:
    sends, waits = Sends(), []
    for _ in range(12):
        sends = sends.failed("away", 1_000)
        waits.append(sends.retry_ms - 1_000)
    assert waits[:3] == [RETRY_FIRST_MS, 2 * RETRY_FIRST_MS, 4 * RETRY_FIRST_MS]
    assert waits[-1] == RETRY_MOST_MS
    assert (sends.is_failing, sends.failing_ms, sends.error) == (True, 1_000, "away")
    healed = sends.sent(5_000)
    assert (healed.is_failing, healed.error, healed.times) == (False, None, (5_000,))


def test_a_clock_that_was_put_back_makes_no_limit_longer() -> None:
    assert Sends((9_000_000,)).in_hour(8_000_000) == ()
