"""What happened and is planned, by day."""

from __future__ import annotations

from datetime import date

import pytest

from app.console.agenda import FIRST_DAY, LAST_DAY, days_of, span_of
from app.domain.ical.writing import Happening
from app.domain.occurrence import OccurrenceStatus


@pytest.mark.parametrize(
    ("view", "day", "first", "last", "before", "after"),
    [
        ("month", "2026-02-14", "2026-01-26", "2026-03-01", "2026-01-31", "2026-03-04"),
        ("month", "2026-12-31", "2026-11-30", "2027-01-03", "2026-11-30", "2027-01-01"),
        ("week", "2026-01-01", "2025-12-29", "2026-01-04", "2025-12-28", "2026-01-05"),
        ("day", "2026-03-01", "2026-03-01", "2026-03-01", "2026-02-28", "2026-03-02"),
    ],
)
def test_a_span_is_of_whole_weeks_and_leads_to_its_neighbours(
    view, day, first, last, before, after
):
    span = span_of(view, date.fromisoformat(day))
    assert [one.isoformat() for one in (span.first, span.last)] == [first, last]
    assert span.before.isoformat() == before
    assert (span.after.year, span.after.month) == (
        date.fromisoformat(after).year,
        date.fromisoformat(after).month,
    )
    assert span.window.until_ms - span.window.since_ms == ((span.last - span.first).days + 1) * (
        86_400_000
    )


@pytest.mark.parametrize("view", ["month", "week", "day"])
def test_there_is_always_a_day_before_and_after(view):
    for day in (date.min, FIRST_DAY, LAST_DAY, date.max):
        span = span_of(view, day)
        assert span.before < span.after


def test_a_day_counts_by_status_and_an_event_is_one_line():
    at_ms = 1_767_225_600_000  # 2026-01-01
    done = OccurrenceStatus.COMPLETED
    found = [
        Happening("1", "a", at_ms, 0, done, event_id=b"a"),
        Happening("2", "a", at_ms + 60_000, 0, event_id=b"a"),
        Happening("3", "b", at_ms + 86_399_999, 0, event_id=b"b"),
        Happening("4", "b", at_ms + 86_400_000, 0, event_id=b"b"),
    ]
    span = span_of("day", date(2026, 1, 1))
    (day,) = days_of(span, found)
    assert day.counts == {"completed": 1, "scheduled": 2}
    assert [(line.name, line.total) for line in day.lines.values()] == [("a", 2), ("b", 1)]
