"""Upkeep packs what ended an hour ago, a bounded part at a time, and goes on where it stopped."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import Any, cast

import pytest

from app.domain.event import Event
from app.domain.process import ProcessFacts
from app.engine import packing as module
from app.engine.packing import PACK_AFTER_MS, TOLD_WITHIN_MS, Packing
from app.store import page_keys
from app.store.calls import Unattempted
from app.store.ended_slices import ended_slice
from app.store.event_plans import Plan
from app.store.events import EventStore
from app.store.pages import PageStore
from app.wiring.stop_flag import StopFlag
from tests.engine.engines import engine_with
from tests.store.conftest import Stores, stores
from tests.store.test_short_forms import create
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken

__all__ = ["stores"]
LATER_MS = NOW_MS + PACK_AFTER_MS + 100


def packing(stores: Stores, *, has_earlier: bool = False, told_ms: int | None = None) -> Packing:
    return Packing(
        stores.work.pages,
        stores.coordination,
        stores.partitions,
        lambda: has_earlier,
        lambda count: {} if told_ms is None else dict.fromkeys(range(count), told_ms),
    )


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


def test_it_works_for_longer_while_it_is_behind(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until what waits has waited for no more than a minute too long."""
    monkeypatch.setattr(module, "BATCH", 3)
    monkeypatch.setattr(module, "BUDGET_S", 0.0)
    end(stores, 6)
    end(stores, 5, NOW_MS + 90_000)
    some = packing(stores)
    assert [some.run(LATER_MS + 90_000) for _ in range(3)] == [6, 2, 2]
    assert broken(stores.client, stores.partitions) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_told_to_stop_ends_its_run_with_the_part_under_way(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """However much waits, and however long it may take: the next run goes on there."""
    monkeypatch.setattr(module, "BATCH", 3)
    end(stores, 9)
    stop, pack = StopFlag(), PageStore.pack

    def pack_and_stop(*args: Any) -> int:
        packed = pack(*args)
        if packed:
            signal.raise_signal(number)
        return packed

    before = signal.signal(number, lambda *_: stop.set())
    some = replace(packing(stores), is_stopping=stop.is_set)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(PageStore, "pack", pack_and_stop)
            first = some.run(LATER_MS + 90_000)
    finally:
        signal.signal(number, before)
    assert (first, some.run(LATER_MS + 90_000)) == (2, 0)
    stop.clear()
    assert some.run(LATER_MS + 90_000) == 7
    assert broken(stores.client, stores.partitions) == []


def test_a_run_begins_with_another_partition(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    def pack(_: Packing, partition: int, *__: object) -> int:
        begun.append(partition)
        return 0

    monkeypatch.setattr(Packing, "_pack", pack)
    some = packing(stores)
    for turn in range(stores.partitions):
        some.run(LATER_MS + turn * module.TURN_MS)
    every = set(range(stores.partitions))
    assert {begun[at] for at in range(0, len(begun), len(every))} == set(begun) == every


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
    assert Packing(pages, nothing, 1, lambda: True, nothing).run(NOW_MS) == 0


def test_what_alerts_have_not_read_waits_a_day_for_them(stores: Stores) -> None:
    end(stores, 3)
    some = packing(stores, told_ms=NOW_MS + 1)
    assert [some.run(LATER_MS), some.run(LATER_MS)] == [2, 0]
    assert some.run(NOW_MS + TOLD_WITHIN_MS + 2) == 1


def test_a_slice_says_after_which_moment_the_next_begins(stores: Stores) -> None:
    end(stores, 4)
    partition = stores.partitions - 1
    first = ended_slice(stores.client, partition, (0, LATER_MS), 3)
    assert (len(first.occurrences), first.cursor) == (2, NOW_MS + 1)
    rest = ended_slice(stores.client, partition, (first.cursor, LATER_MS), 3)
    assert (len(rest.occurrences), rest.cursor) == (2, 0)


def test_recovery_packs_once_all_processes_know_pages(store_url: str) -> None:
    clock, nobody = FakeClock(), cast("Any", None)
    with engine_with(store_url, clock, nobody) as engine:
        storage = engine.services.storage
        event = create_in(storage.events)
        note = Unattempted(event.id, NOW_MS - 5, ("red",), "missed", "because")
        storage.work.record_unattempted([note], NOW_MS)
        clock.advance(PACK_AFTER_MS + 1)
        earlier = ProcessFacts("deliver", "host", 1, schema=8).to_json()
        storage.processes.announce("earlier", earlier, clock.ms + 9)
        engine.upkeep.recover()
        assert not storage.client.exists(page_keys.pages(0))
        storage.processes.gone("earlier")
        engine.stop.set()
        engine.upkeep.recover()
        assert not storage.client.exists(page_keys.pages(0))
        engine.stop.clear()
        engine.upkeep.recover()
        assert storage.client.zcard(page_keys.pages(0)) == 1
        assert broken(storage.client) == []


def create_in(events: EventStore) -> Event:
    event = an_event(schedule=DAILY)
    plan = Plan(scheduled_ms=event.start_ms + 86_400_000, due_ms=event.start_ms + 86_400_000)
    events.save(event, plan, None, NOW_MS)
    return event
