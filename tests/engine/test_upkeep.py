"""Upkeep: what it repairs is bounded and continued, and live leases are left to their holders."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from app.engine import upkeep as module
from app.engine.upkeep import STALL_S, Upkeep
from app.store.calls import BATCH
from app.store.sweep import Slice
from app.store.work import Heads
from tests.support.clock import NOW_MS, FakeClock


class FakeCoordination:
    """Keeps the cursors of the sweeps, as the store does between two runs."""

    def __init__(self) -> None:
        self.cursors: dict[str, str] = {}
        self.migrated: list[float] = []
        self.looked = 0

    def look(self) -> None:
        self.looked += 1

    def migrate(self, limit_s: float) -> None:
        self.migrated.append(limit_s)

    def sweep_cursor(self, place: str) -> str:
        return self.cursors.get(place, "")

    def move_sweep(self, place: str, cursor: str) -> None:
        self.cursors[place] = cursor


class FakeSweep:
    """Slices numbered by their cursor; each has one suspect, and the last one ends the sweep."""

    def __init__(self, slices: int) -> None:
        self.slices = slices
        self.asked: list[tuple[str, str]] = []

    def suspects(self, _partition: int, cursor: str, _limit: int) -> Slice:
        return self._slice("events", cursor)

    def open_slice(self, _partition: int, status: str, cursor: str, _limit: int) -> Slice:
        return self._slice(status, cursor)

    def _slice(self, what: str, cursor: str) -> Slice:
        self.asked.append((what, cursor))
        number = int(cursor or 0) + 1
        return Slice([b"suspect"], str(number) if number < self.slices else "")

    def paused(self, *_: object) -> list[bytes]:
        return []


class FakeWork:
    """One partition; notes when expired leases were released."""

    partitions = 1

    def __init__(self, lease_ms: int | None = None) -> None:
        self.lease_ms = lease_ms
        self.calls: list[str] = []

    def heads(self) -> list[Heads]:
        return [Heads(None, self.lease_ms, None, None)]

    def reclaim_expired(self, _partition: int, _now_ms: int) -> int:
        self.calls.append("release")
        return 2

    def restore(self, _partition: int, found: list[bytes], _now_ms: int) -> int:
        return len(found)


def upkeep(work: FakeWork, sweep: FakeSweep, coordination: FakeCoordination) -> Upkeep:
    others: Any = SimpleNamespace(
        repair=lambda *_: 0,
        call_if_owed=lambda _now_ms: None,
        reconcile=lambda found, _now_ms: len(found),
        continue_abandoned=lambda: 3,
        continue_waiting=lambda: 4,
        overdue=lambda *_: 5,
        migrate=coordination.migrate,
        follow=lambda: None,
        go_on=lambda _limit_s: 0,
        run=lambda _now_ms: 0,
        pack=lambda: 6,
        settle=lambda: 7,
        note=lambda: 8,
        ran=lambda _what, _now_ms: 9,
    )
    parts: Any = SimpleNamespace(work=work, sweep=sweep, coordination=coordination)
    return Upkeep(
        work=parts.work,
        successors=others,
        deletions=others,
        calendars=others,
        redeliveries=others,
        sweep=parts.sweep,
        retention=others,
        coordination=parts.coordination,
        clock=FakeClock(),
        acknowledgements=others,
        schema=others,
        audit=others,
        metadata=others,
        store_settings=coordination.look,
        lateness=others,
        watch=others,
        packing=others,
        moves=others,
    )


def test_a_sweep_is_bounded_and_the_next_run_continues_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP_EVENTS", 2 * BATCH)
    sweep, coordination = FakeSweep(3), FakeCoordination()
    made = upkeep(FakeWork(), sweep, coordination)
    assert made.reconcile() == 4 * 2
    assert coordination.cursors["0:events"] == "2"
    assert made.reconcile() == 4 * 1
    assert [cursor for what, cursor in sweep.asked if what == "events"] == ["", "1", "2"]


def test_a_process_that_is_to_stop_ends_its_sweeps_and_the_next_continues_them() -> None:
    sweep, coordination = FakeSweep(3), FakeCoordination()
    made = upkeep(FakeWork(), sweep, coordination)
    assert replace(made, is_stopping=lambda: True).reconcile() == 4
    assert coordination.cursors["0:events"] == "1"
    assert made.reconcile() == 4 * 2
    assert [cursor for what, cursor in sweep.asked if what == "events"] == ["", "1", "2"]


def test_after_the_end_a_sweep_begins_again() -> None:
    sweep, coordination = FakeSweep(1), FakeCoordination()
    made = upkeep(FakeWork(), sweep, coordination)
    made.reconcile()
    made.reconcile()
    assert [cursor for what, cursor in sweep.asked if what == "events"] == ["", ""]


def test_reconciliation_goes_on_with_a_migration_that_was_left() -> None:
    """For a bounded time: whoever began it may have been killed and not started again."""
    coordination = FakeCoordination()
    upkeep(FakeWork(), FakeSweep(1), coordination).reconcile()
    assert coordination.migrated == [module.MIGRATE_S]


def test_retention_looks_at_the_settings_of_the_store() -> None:
    """Once a minute the log would say that the store may lose something."""
    coordination = FakeCoordination()
    upkeep(FakeWork(), FakeSweep(1), coordination).retain()
    assert coordination.looked == 1


@pytest.mark.parametrize(
    ("lease_ms", "calls"),
    [
        (NOW_MS, [STALL_S, "release"]),
        (NOW_MS + 1, ["release"]),
        (None, ["release"]),
    ],
)
def test_holders_of_expired_leases_get_a_moment_to_renew_them(
    monkeypatch: pytest.MonkeyPatch, lease_ms: int | None, calls: list[Any]
) -> None:
    """If the store was unresponsive, they were too, and are back now."""
    work: Any = FakeWork(lease_ms)
    monkeypatch.setattr(module.time, "sleep", work.calls.append)
    made = upkeep(work, FakeSweep(1), FakeCoordination())
    assert made.recover() == 2 + 5 + 3 + 4
    assert work.calls == calls
