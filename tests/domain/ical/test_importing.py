"""From a file to its entries."""

from __future__ import annotations

from app.domain.ical.importing import read_entries
from tests.support.ical import a_file

HOOK = "https://example.com/hook"
NOW_MS = 1_767_225_600_000


def test_entries_can_be_gone_on_with() -> None:
    file = a_file(*(f"UID:{n}\nSUMMARY:no. {n}\nDTSTART:20260105T090000Z" for n in range(3)))
    found = read_entries(file, None, now_ms=NOW_MS, webhook=HOOK)
    assert (found.count, found.events) == (3, 3)
    assert [one.name for one in found.entries(1)] == ["no. 1", "no. 2"]
    (first, *_) = found.entries()
    assert first.body == {
        "name": "no. 0",
        "start_time": "2026-01-05T09:00:00Z",
        "tags": [],
        "webhook": HOOK,
    }
