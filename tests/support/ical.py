"""iCalendar files for tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.ical.imported import ImportedEntry
from app.domain.ical.importing import read_entries
from app.domain.recurrence import compile_schedule
from app.domain.recurrence.zones import resolve_local
from app.domain.times import parse_rfc3339, to_rfc3339

NOW_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


def a_file(*events: str, head: str = "") -> bytes:
    """A file of VEVENTs, each given by its lines."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", *head.split()]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.strip().splitlines(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def taken(data: bytes, zone: str | None = None, **query: Any) -> list[ImportedEntry]:
    """The entries of a file."""
    given: dict[str, Any] = {"webhook": "https://example.com/hook", "now_ms": NOW_MS, **query}
    return list(read_entries(data, zone, **given).entries())


def times_of(entry: ImportedEntry, count: int = 3, after_ms: int = NOW_MS) -> list[str]:
    """When an entry that was taken occurs, in UTC: the first times after a moment."""
    assert entry.body is not None, entry
    body = entry.body
    start = parse_rfc3339(body["start_time"])
    timezone = body.get("timezone")
    if isinstance(start, datetime):
        assert timezone is not None, entry
        start = resolve_local(start, timezone)
    if body.get("schedule") is None:
        return [to_rfc3339(start)]
    recurrence = compile_schedule(body["schedule"], start, timezone)
    return [to_rfc3339(at) for at in recurrence.upcoming(after_ms, count)]
