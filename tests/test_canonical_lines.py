"""Canonical lines: what matters is written, of the rest a sample, and never more than can be read."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.canonical_lines import BURST, PER_S, CanonicalLines

LOG = logging.getLogger("app.canonical")


class Watch:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(("sample", "written"), [(0, 0), (1, 60), (7, 8), (60, 1), (61, 0)])
def test_of_what_went_well_one_in_so_many_is_written(sample: int, written: int) -> None:
    lines = CanonicalLines(LOG, sample, Watch())
    assert sum(lines.wants(important=False) for _ in range(60)) == written


@pytest.mark.parametrize("sample", [0, 1, 1_000_000])
def test_what_is_important_is_written_whatever_the_sample_is(sample: int) -> None:
    lines = CanonicalLines(LOG, sample, Watch())
    assert all(lines.wants(important=True) for _ in range(BURST))


def test_what_was_left_out_is_said_once_in_the_next_line(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()
    lines = CanonicalLines(LOG, 0, watch)
    with caplog.at_level(logging.INFO):
        for _ in range(BURST + 30):
            if lines.wants(important=True):
                lines.write(logging.INFO, "attempt", {"status": "failed", "error": None})
        watch.now_s += 1
        for _ in range(2):
            assert lines.wants(important=True)
            lines.write(logging.INFO, "attempt", {"status": "failed"})
    told = [vars(one).get("left_out") for one in caplog.records]
    assert told == [None] * BURST + [30, None]
    assert not hasattr(caplog.records[0], "error")


@given(st.lists(st.floats(0, 3), max_size=400))
def test_in_no_stretch_of_time_are_there_more_than_its_share(waits_s: list[float]) -> None:
    watch = Watch()
    lines = CanonicalLines(LOG, 1, watch)
    times = []
    for wait_s in waits_s:
        watch.now_s += wait_s
        if lines.wants(important=False):
            times.append(watch.now_s)
    for first, begun in enumerate(times):
        for count, until in enumerate(times[first:], start=1):
            assert count <= BURST + (until - begun) * PER_S + 1
