"""Calendars are read once, until one of them changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import pytest

from app.errors import InvalidInput
from app.planning.calendar_cache import CalendarCache
from app.store.calendars import CalendarStore

NEW_YEAR = date(2026, 1, 1)


@dataclass
class Stored:
    definition: dict[str, Any]


class Store:
    """Counts what is asked; see ``CalendarStore``."""

    def __init__(self, **calendars: list[str]) -> None:
        self.calendars = calendars
        self.at = 1
        self.versions = 0
        self.reads: list[list[str]] = []

    def version(self) -> int:
        self.versions += 1
        return self.at

    def get_many(self, names: Sequence[str]) -> list[Stored | None]:
        self.reads.append(list(names))
        return [
            Stored({"dates": self.calendars[name]}) if name in self.calendars else None
            for name in names
        ]


def cache_of(store: Store) -> CalendarCache:
    return CalendarCache(cast("CalendarStore", store))


def test_each_calendar_is_read_once_and_in_the_order_of_its_name() -> None:
    store = Store(a=["2026-01-01"], b=["2026-01-02"])
    cache = cache_of(store)
    for names in (("b", "a", "b"), ("a", "b"), ("a",)):
        assert tuple(one.name for one in cache.named(names)) == names
    assert store.reads == [["b", "a"]]
    assert store.versions == 3
    first, second = cache.known(("a", "b"))
    assert first.reason(NEW_YEAR) == "calendar a"
    assert second.reason(NEW_YEAR) is None


def test_after_a_change_all_are_read_again() -> None:
    store = Store(a=["2026-01-01"])
    cache = cache_of(store)
    (before,) = cache.named(("a",))
    store.calendars["a"] = ["2026-01-02"]
    assert cache.named(("a",)) == (before,)
    store.at += 1
    (after,) = cache.named(("a",))
    assert (before.reason(NEW_YEAR), after.reason(NEW_YEAR)) == ("calendar a", None)


def test_what_is_unknown_is_refused_by_name_or_left_out() -> None:
    """That there is none is known too, until a calendar is made."""
    store = Store(a=["2026-01-01"])
    cache = cache_of(store)
    with pytest.raises(InvalidInput) as caught:
        cache.named(("a", "b"))
    assert caught.value.message == (
        "calendars: 'b' is not a calendar; create it with PUT /calendars/<name>"
    )
    assert [one.name for one in cache.known(("b", "a"))] == ["a"]
    assert store.reads == [["a", "b"]]


def test_without_a_name_nothing_is_asked() -> None:
    store = Store()
    assert cache_of(store).named(()) == cache_of(store).known(()) == ()
    assert (store.versions, store.reads) == (0, [])
