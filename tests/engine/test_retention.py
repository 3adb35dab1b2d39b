"""Retention: old records go batch after batch, in a bounded time, and young ones stay."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.engine import retention as module
from app.engine.retention import HOUR_MS, Retention, stepped
from app.store.calls import BATCH
from app.store.event_plans import Saved
from tests.support.clock import NOW_MS

DAY_MS = 86_400_000


class FakeWork:
    """Deletes batches of ended occurrences; notes from when."""

    partitions = 2

    def __init__(self, *left: int) -> None:
        self.left = list(left)
        self.before: set[int] = set()

    def delete_ended(self, partition: int, before_ms: int, limit: int) -> int:
        self.before.add(before_ms)
        count = min(self.left[partition], limit)
        self.left[partition] -= count
        return count


class FakeEvents:
    """Events of one partition each, some of which change in between."""

    def __init__(self, old: list[str | None], saved: Saved = Saved.DONE) -> None:
        self.old, self.saved = old, saved
        self.before: list[int] = []
        self.deleted: list[str] = []

    def inactive(self, partition: int, before_ms: int, limit: int) -> list[int]:
        self.before.append(before_ms)
        return list(range(len(self.old))) if partition == 0 else []

    def get_many(self, found: list[int]) -> list[str | None]:
        return [self.old[one] for one in found]

    def delete(self, event: str, *, any_version: bool, now_ms: int) -> Saved:
        assert not any_version
        self.deleted.append(event)
        return self.saved


def retention(work: FakeWork, events: FakeEvents, *others: Any) -> Retention:
    untyped = cast("Any", SimpleNamespace(work=work, events=events))
    notes = cast("Any", None)  # there is no archive
    parts = (untyped.work, untyped.events, untyped.events)
    limits = cast("Any", SimpleNamespace(run=lambda *_: 0))
    return Retention(*parts, 7 * DAY_MS, 9 * DAY_MS, notes, limits, others)


def test_all_that_is_old_is_deleted_in_batches() -> None:
    work, events = FakeWork(2 * BATCH + 1, 3), FakeEvents(["one", None])
    assert retention(work, events).run(NOW_MS) == 2 * BATCH + 5
    assert work.left == [0, 0]
    assert work.before == {NOW_MS - 7 * DAY_MS}
    assert events.before == [NOW_MS - 9 * DAY_MS] * 2
    assert events.deleted == ["one"]


def test_with_an_archive_records_go_in_steps_of_an_hour_or_a_day_at_most() -> None:
    """And in short ones if they are not kept long."""
    assert stepped(NOW_MS + 7 * DAY_MS, 7 * DAY_MS, HOUR_MS) == NOW_MS
    assert stepped(NOW_MS + 7 * DAY_MS + HOUR_MS - 1, 7 * DAY_MS, HOUR_MS) == NOW_MS
    assert stepped(NOW_MS + 24_000 + 999, 24_000, HOUR_MS) == NOW_MS
    assert stepped(NOW_MS + 5, 5, HOUR_MS) == NOW_MS


def test_an_event_that_has_changed_meanwhile_does_not_count() -> None:
    events = FakeEvents(["one"], Saved.STALE)
    assert retention(FakeWork(0, 0), events).run(NOW_MS) == 0


def test_other_records_are_given_the_present_moment() -> None:
    asked: list[int] = []

    def forget(now_ms: int) -> int:
        asked.append(now_ms)
        return 2

    assert retention(FakeWork(0, 0), FakeEvents([]), forget).run(NOW_MS) == 2
    assert asked == [NOW_MS]


def test_a_run_ends_in_time_although_more_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part still gets one batch, so that none waits for ever."""
    monkeypatch.setattr(module, "BUDGET_S", 0.0)
    work = FakeWork(3 * BATCH, 3 * BATCH)
    assert retention(work, FakeEvents([])).run(NOW_MS) == 2 * BATCH
    assert work.left == [2 * BATCH] * 2


def test_a_process_that_is_to_stop_ends_its_run_with_the_batch_under_way() -> None:
    work = FakeWork(3 * BATCH, 0)
    some = replace(retention(work, FakeEvents([])), is_stopping=lambda: work.left[0] <= 2 * BATCH)
    assert some.run(NOW_MS) == BATCH
