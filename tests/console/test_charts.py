"""Drawings: every occurrence is in its step, and nothing stands outside the picture."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from app.console.charts import (
    HEIGHT,
    LOW,
    ORDER,
    WIDTH,
    lateness_lines,
    sparkline,
    stack_of,
    success_line,
)
from app.services.overview_parts import LatenessStep, Minutes
from app.store.figures import MINUTE_MS

STEPS = 5
COUNTS = st.fixed_dictionaries(
    {status: st.lists(st.integers(0, 10_000), min_size=STEPS, max_size=STEPS) for status in ORDER}
)
LATE = st.none() | st.integers(0, 10**10)
BLOCK = re.compile(r"M([\d.]+) (-?[\d.]+)h([\d.]+)v([\d.]+)h-[\d.]+z")
PLACE = re.compile(r"M([\d.]+) ([\d.]+)|V([\d.]+)|H([\d.]+)")


@given(COUNTS)
def test_blocks_fill_their_column_and_never_leave_the_picture(counts):
    stack = stack_of(Minutes(0, counts, is_whole=True))
    assert [column.at_ms for column in stack.columns] == [n * MINUTE_MS for n in range(STEPS)]
    assert [one.status for one in stack.layers] == [one for one in ORDER if any(counts[one])]
    for layer in stack.layers:
        blocks = [tuple(map(float, found)) for found in BLOCK.findall(layer.path)]
        assert len(blocks) == sum(count > 0 for count in counts[layer.status])
        for x, y, width, height in blocks:
            assert height >= 1
            assert 0 <= x <= x + width <= WIDTH
            assert y >= -len(ORDER)


def test_a_column_says_in_words_what_it_shows():
    counts = {status: [0, 2] for status in ORDER}
    late = [LatenessStep(), LatenessStep(5, 70)]
    first, last = stack_of(Minutes(0, counts, is_whole=True), late).columns
    assert first.text == "nothing"
    assert last.text.startswith("2 completed, 2 dispatched")
    assert last.text.endswith("2 failed, p50 5 ms and p99 70 ms late")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), LATE, LATE), max_size=20))
def test_lines_stay_in_their_place(steps):
    counts = {"completed": [one[0] for one in steps], "failed": [one[1] for one in steps]}
    late = [LatenessStep(*one[2:]) for one in steps]
    drawn = [(success_line(Minutes(0, counts, is_whole=True)), LOW)]
    if lines := lateness_lines(late):
        drawn += [(lines.p50, HEIGHT), (lines.p99, HEIGHT)]
        assert lines.labels[-1] == 1
    for path, height in drawn:
        for x, y, down, across in PLACE.findall(path):
            assert all(0 <= float(one) <= WIDTH + 0.1 for one in (x, across) if one)
            assert all(0 <= float(one) <= height for one in (y, down) if one)


def test_a_line_is_broken_where_nothing_ended():
    counts = {"completed": [1, 0, 1, 1], "failed": [0, 0, 1, 3]}
    assert success_line(Minutes(0, counts, is_whole=True)) == ("M0 0.0H180M360 32.0H540V48.0H720")
    assert lateness_lines([LatenessStep()]) is None


@given(st.lists(st.integers(0, 10**9), max_size=80))
def test_a_line_stays_in_its_place(values):
    for point in sparkline(values).split():
        x, y = map(float, point.split(","))
        assert -0.1 <= x <= 120.1
        assert 0 <= y <= 28
