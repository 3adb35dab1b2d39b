"""Names: they sort by slot, and only ours are read."""

from __future__ import annotations

from app.archive import names
from tests.support.clock import NOW_MS


def test_names_sort_by_when_it_ended_then_by_when_it_was_written() -> None:
    early, late = names.slot_of(NOW_MS), names.slot_of(NOW_MS + names.HOUR_MS)
    made = [
        names.new_name(early, NOW_MS + 999),
        names.new_name(early, NOW_MS + 1_000),
        names.new_name(late, NOW_MS),
    ]
    assert made == sorted(made)
    assert [names.slot_in(one) for one in made] == [early, early, late]


def test_no_two_files_have_one_name() -> None:
    assert len({names.new_name("20260101T00", NOW_MS) for _ in range(1_000)}) == 1_000


def test_a_slot_is_an_hour_of_occurrences_and_a_day_of_events() -> None:
    assert names.slot_of(NOW_MS + names.HOUR_MS - 1) == "20260101T00"
    assert names.event_slot_of(NOW_MS + names.DAY_MS - 1) == "20260101T00"
    assert names.directory(names.EVENTS, 12, "20260101T23") == "events/p0012/2026-01-01"


def test_what_is_not_whole_or_not_ours_is_not_read() -> None:
    name = names.new_name("20260101T00", NOW_MS)
    assert names.slot_in(f".{name}.part") is None
    assert names.slot_in("notes.txt") is None
    assert not names.is_day("lost+found")
    assert names.partition_in("p0003") == 3
    assert names.partition_in("other") is None
