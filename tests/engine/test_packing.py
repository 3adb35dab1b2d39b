"""Upkeep packs what ended an hour ago, a bounded part at a time, and goes on where it stopped."""

from __future__ import annotations

from typing import Any

import pytest

from app.engine import packing as module
from app.engine.packing import PACK_AFTER_MS, Packing
from app.store.calls import Unattempted
from app.store.ended_slices import ended_slice
from app.store.pages import PageStore
from tests.store.conftest import Stores, stores
from tests.store.test_short_forms import create
from tests.support.builders import DAILY
from tests.support.clock import NOW_MS
from tests.support.invariants import broken

__all__ = ["stores"]
LATER_MS = NOW_MS + PACK_AFTER_MS + 100


def packing(stores: Stores, *, has_earlier: bool = False) -> Packing:
    return Packing(stores.work.pages, stores.coordination, stores.partitions, lambda: has_earlier)


def end(stores: Stores, count: int, since_ms: int = NOW_MS) -> None:
    """So many ended occurrences, each a millisecond after the one before."""
    event = create(stores, schedule=DAILY)
    for number in range(count):
        note = Unattempted(event.id, NOW_MS - number, ("red",), "missed", "because")
        assert stores.work.record_unattempted([note], since_ms + number) == 1


def test_it_packs_what_ended_an_hour_ago(stores: Stores) -> None:
    end(stores, 5, NOW_MS + 97)
    assert packing(stores).run(LATER_MS) == 3
    assert packing(stores).run(LATER_MS) == 0
    assert packing(stores).run(LATER_MS + 100) == 2
    assert broken(stores.client, stores.partitions) == []


def test_it_goes_on_where_its_time_was_over(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    monkeypatch.setattr(module, "BUDGET_S", 0.0)
    end(stores, 5)
    some = packing(stores)
    assert [some.run(LATER_MS) for _ in range(4)] == [2, 2, 1, 0]


def test_what_has_to_stay_does_not_hold_up_what_comes_after_it(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was cancelled long before its time is looked at again and again, after the others."""
    monkeypatch.setattr(module, "BATCH", 3)
    for _ in range(4):
        event = create(stores, start_ms=LATER_MS)
        stores.events.delete(event, any_version=True, now_ms=NOW_MS)
    end(stores, 2, NOW_MS + 1)
    some = packing(stores)
    assert some.run(LATER_MS) == 2
    assert some.run(LATER_MS) == 0
    # (Of those that ended in one millisecond as many are looked at as one step takes.)
    later_ms = LATER_MS + 2 * PACK_AFTER_MS
    assert [some.run(later_ms), some.run(later_ms)] == [3, 1]
    assert broken(stores.client, stores.partitions) == []


def test_it_waits_while_a_process_of_an_earlier_version_is_alive() -> None:
    nothing: Any = None
    pages: PageStore = nothing
    assert Packing(pages, nothing, 1, lambda: True).run(NOW_MS) == 0


def test_a_slice_says_after_which_moment_the_next_begins(stores: Stores) -> None:
    end(stores, 4)
    partition = stores.partitions - 1
    first = ended_slice(stores.client, partition, (0, LATER_MS), 3)
    assert (len(first.occurrences), first.cursor) == (2, NOW_MS + 1)
    rest = ended_slice(stores.client, partition, (first.cursor, LATER_MS), 3)
    assert (len(rest.occurrences), rest.cursor) == (2, 0)
