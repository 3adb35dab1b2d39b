"""What a file comes to."""

from __future__ import annotations

from app.domain.ical.imported import ImportedEntry


def test_the_line_of_a_field_is_that_of_what_it_stands_in() -> None:
    entry = ImportedEntry("1", "", 10, 1, "x", lines={"schedule": 12, "schedule.exclude": 14})
    fields = ["schedule.exclude.2", "schedule.rrule", "schedule", "name"]
    assert [entry.line_of(field) for field in fields] == [14, 12, 12, 10]
