"""Notices: what a change of the clock does to an occurrence, in a sentence, and which are told."""

from __future__ import annotations

import pytest

from app.domain.recurrence import compile_schedule
from tests.domain.recurrence.oracles import ms

DAILY = {"frequency": "daily"}
GAP = "02:30 on 30 March 2025 does not exist, because the clock jumps ahead from 02:00 to 03:00: "
REPEAT = "02:30 on 26 October 2025 comes twice, because the clock goes back from 03:00 to 02:00: "


@pytest.mark.parametrize(
    ("dst", "text", "scheduled"),
    [
        ({"gap": "next"}, "the occurrence runs at 03:00.", "2025-03-30T01:00:00Z"),
        ({"gap": "shift"}, "the occurrence runs at 03:30:15.", "2025-03-30T01:30:15Z"),
        ({"gap": "skip"}, "the occurrence is skipped.", None),
    ],
)
def test_a_time_that_does_not_exist(dst: dict[str, str], text: str, scheduled: str | None) -> None:
    rule = compile_schedule(DAILY, ms("2025-03-01T01:30:15Z"), "Europe/Berlin", dst=dst)
    (notice,) = rule.notices(ms("2025-03-29T12:00:00Z"), ms("2025-03-31T00:00:00Z"))
    assert (notice.kind, notice.local) == ("gap", "2025-03-30T02:30:15")
    assert notice.text == GAP + text
    assert notice.scheduled_ms == (scheduled and ms(scheduled))


@pytest.mark.parametrize(
    ("dst", "text", "scheduled"),
    [
        ({"repeat": "first"}, "the occurrence runs the first time only.", "2025-10-26T00:30:00Z"),
        ({"repeat": "second"}, "the occurrence runs the second time only.", "2025-10-26T01:30:00Z"),
        ({"repeat": "both"}, "the occurrence runs both times.", "2025-10-26T00:30:00Z"),
    ],
)
def test_a_time_that_comes_twice(dst: dict[str, str], text: str, scheduled: str) -> None:
    """A start with milliseconds keeps them."""
    rule = compile_schedule(DAILY, ms("2025-10-01T00:30:00Z") + 250, "Europe/Berlin", dst=dst)
    (notice,) = rule.notices(ms("2025-10-25T12:00:00Z"), ms("2025-10-27T00:00:00Z"))
    assert (notice.kind, notice.local) == ("repeat", "2025-10-26T02:30:00")
    assert notice.text == REPEAT + text
    assert notice.scheduled_ms == ms(scheduled) + 250


def test_a_clock_that_goes_back_to_yesterday_is_told_with_the_date() -> None:
    rule = compile_schedule(DAILY, ms("2018-02-10T01:30:00Z"), "America/Sao_Paulo")
    (notice,) = rule.notices(ms("2018-02-17T00:00:00Z"), ms("2018-02-19T00:00:00Z"))
    assert notice.text == (
        "23:30 on 17 February 2018 comes twice, because the clock goes back from 00:00 to 23:00 "
        "on 17 February 2018: the occurrence runs the first time only."
    )


def test_it_is_told_for_the_time_at_which_it_runs_and_no_other() -> None:
    """The first bound is left out, the last one is in; what is skipped counts at the change."""
    start = ms("2025-03-01T01:30:00Z")
    change, runs = ms("2025-03-30T01:00:00Z"), ms("2025-03-30T01:30:00Z")
    shifted = compile_schedule(DAILY, start, "Europe/Berlin", dst={"gap": "shift"})
    assert len(shifted.notices(change - 1, runs)) == 1
    assert shifted.notices(change - 1, runs - 1) == []
    skipped = compile_schedule(DAILY, start, "Europe/Berlin", dst={"gap": "skip"})
    assert len(skipped.notices(change - 1, change)) == 1
    assert skipped.notices(change, runs) == []


@pytest.mark.parametrize(
    ("zone", "dst", "first", "runs"),
    [
        ("Europe/Berlin", {}, "2025-10-01T00:30:00Z", "2025-10-26T00:30:00Z"),
        ("Europe/Berlin", {"repeat": "second"}, "2025-10-01T00:30:00Z", "2025-10-26T01:30:00Z"),
        ("Europe/Berlin", {"gap": "shift"}, "2025-03-01T01:30:00Z", "2025-03-30T01:30:00Z"),
        ("America/New_York", {}, "2025-10-01T05:59:00Z", "2025-11-02T05:59:00Z"),
        ("Australia/Lord_Howe", {}, "2025-04-01T14:45:00Z", "2025-04-05T14:45:00Z"),
        ("Pacific/Apia", {"gap": "shift"}, "2011-12-01T20:00:00Z", "2011-12-30T20:00:00Z"),
    ],
)
def test_it_is_told_however_near_the_bounds_are(
    zone: str, dst: dict[str, str], first: str, runs: str
) -> None:
    """The change itself may lie outside the span, or after the end of the schedule."""
    at = ms(runs)
    for schedule in (DAILY, {**DAILY, "until": runs}):
        rule = compile_schedule(schedule, ms(first), zone, dst=dst or None)
        assert [one.scheduled_ms for one in rule.notices(at - 1, at)] == [at], schedule
        assert rule.notices(at, at + 1) == rule.notices(at - 2, at - 1) == []


def test_nothing_is_told_of_what_is_before_the_start_or_after_the_end() -> None:
    begin, end = ms("2025-10-25T00:00:00Z"), ms("2025-10-27T00:00:00Z")
    at = ms("2025-10-26T00:30:00Z")
    assert len(compile_schedule(DAILY, at, "Europe/Berlin").notices(begin, end)) == 1
    second = compile_schedule(DAILY, at + 3_600_000, "Europe/Berlin")
    assert second.notices(begin, end) == []
    for until, told in (("2025-10-26", 1), ("2025-10-26T00:29:59Z", 0)):
        rule = compile_schedule({**DAILY, "until": until}, at - 86_400_000, "Europe/Berlin")
        assert len(rule.notices(begin, end)) == told


def test_a_day_that_is_left_out_is_told_in_full() -> None:
    rule = compile_schedule(DAILY, ms("2011-12-01T20:00:00Z"), "Pacific/Apia")
    (notice,) = rule.notices(ms("2011-12-29T00:00:00Z"), ms("2012-01-01T00:00:00Z"))
    assert notice.text == (
        "10:00 on 30 December 2011 does not exist, because the clock jumps ahead from 00:00 to "
        "00:00 on 31 December 2011: the occurrence runs at 00:00 on 31 December 2011."
    )


def test_what_no_change_touches_is_not_told() -> None:
    rule = compile_schedule(DAILY, ms("2025-01-01T08:00:00Z"), "Europe/Berlin")
    assert rule.notices(ms("2025-01-01T00:00:00Z"), ms("2027-01-01T00:00:00Z")) == []


def test_of_one_change_fifty_are_told_and_a_thousand_of_all() -> None:
    seconds = {**DAILY, "by_hour": [2], "by_minute": [30], "by_second": list(range(60))}
    rule = compile_schedule(seconds, ms("2025-01-01T00:00:00Z"), "Europe/Berlin")
    one = rule.notices(ms("2025-03-01T00:00:00Z"), ms("2025-04-01T00:00:00Z"))
    assert [notice.local for notice in one] == [
        f"2025-03-30T02:30:{second:02d}" for second in range(50)
    ]
    assert len(rule.notices(ms("2025-01-01T00:00:00Z"), ms("2045-01-01T00:00:00Z"))) == 1_000
