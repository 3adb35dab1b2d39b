"""The fewest rules for times of day have just these times."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.recurrence.cron import read_cron
from app.domain.words.clocks import TimeOfDay
from app.domain.words.daytimes import cron_times, grid, of_clocks, rectangles
from app.domain.words.tokens import Token

TOKEN = Token("clock", "9:00", "9:00", 1)
MINUTES = st.tuples(st.integers(0, 23), st.integers(0, 59))
DAY = 20_000 * 86_400


@given(
    times=st.sets(
        st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59)),
        min_size=1,
        max_size=20,
    )
)
def test_rectangles_have_just_the_times(times: set[tuple[int, int, int]]) -> None:
    found = [
        (hour, minute, second)
        for hours, minutes, seconds in rectangles(sorted(times))
        for hour in hours
        for minute in minutes
        for second in seconds
    ]
    assert sorted(found) == sorted(times)


@given(times=st.sets(MINUTES, min_size=1, max_size=18))
def test_cron_lines_have_just_the_times(times: set[tuple[int, int]]) -> None:
    given_times = sorted((hour, minute, 0) for hour, minute in times)
    found = [
        at - DAY
        for line in cron_times(given_times)
        for at in read_cron(f"{line} * * *", "cron").pattern.matches(DAY, DAY + 86_400, 2_000)
    ]
    assert sorted(found) == [hour * 3_600 + minute * 60 for hour, minute, _ in given_times]


@given(first=MINUTES, last=MINUTES, minutes=st.integers(1, 200))
def test_a_window_has_both_its_ends(
    first: tuple[int, int], last: tuple[int, int], minutes: int
) -> None:
    """From the beginning on, every so many minutes, as long as it is not over."""
    begin, end = sorted([first, last])
    window = tuple(TimeOfDay(*at, second=0, is_open=False, token=TOKEN) for at in (begin, end))
    found = [hour * 60 + minute for hour, minute, _ in grid(minutes, (window[0], window[1]))]
    assert found[0] == begin[0] * 60 + begin[1]
    assert all(later - one == minutes for one, later in pairwise(found))
    assert end[0] * 60 + end[1] - minutes < found[-1] <= end[0] * 60 + end[1]


def test_a_time_counts_once() -> None:
    clock = TimeOfDay(9, 0, 0, is_open=False, token=TOKEN)
    assert of_clocks([clock, clock]) == [(9, 0, 0)]
