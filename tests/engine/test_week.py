"""The short form of ``make week``: once retention is reached, memory is flat and nothing is lost."""

from __future__ import annotations

from pathlib import Path

from app.archive.archive import Archive, Selected, Unread
from app.archive.place import open_place
from benchmarks.support import store
from benchmarks.week import simulation

RATE, KEPT_MINUTES, MINUTES = 0.25, 100, 270
FULL = KEPT_MINUTES + 30
"""When it is full: what is packed an hour after its end has been by then, and the steps are over."""


def test_once_retention_is_reached_memory_is_flat_and_all_else_is_in_the_archive(
    tmp_path: Path,
) -> None:
    """Four hours and a half at one occurrence in four seconds; 100 minutes are kept.

    The store is its own: another one frees in that time what tests before have left.
    """
    with (
        store() as url,
        simulation(url, tmp_path, rate=RATE, kept_ms=KEPT_MINUTES * 60_000) as made,
    ):
        for _ in range(MINUTES):
            made.minute()
    week = made.week
    assert week.delivered > 4_000
    first, last = week.median(FULL, FULL + 40), week.median(MINUTES - 40, MINUTES)
    assert last - week.empty_bytes < 1.1 * (first - week.empty_bytes)
    unread = Unread()
    records = list(Archive(open_place("archive", tmp_path)).records(Selected(), unread))
    assert unread.files == []
    assert len({one["id"] for one in records}) == len(records) == week.archived
    assert sum(len(one["attempts"]) for one in records) > len(records), "some were repeated"
    assert 0.9 < week.kept[MINUTES] / (KEPT_MINUTES * 60 * RATE) < 1.1
