"""Retention by count and by size: the oldest go, no more than has to, and into the archive before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.archive.archive import Archive, Selected, Unread
from app.archive.place import open_place
from app.domain.event import Event
from app.engine import history_limits as module
from app.engine.archiving import Archiving
from app.engine.history_limits import HistoryLimits
from app.engine.time_limit import TimeLimit
from app.store.history_size import HistorySize, HistorySizes
from app.store.past import PastStore
from app.store.scripts import Scripts
from tests.store.conftest import Stores, open_stores
from tests.support.clock import NOW_MS
from tests.support.invariants import broken
from tests.support.past import PastMaker

HOUR_MS = 3_600_000
LATER_MS = NOW_MS + HOUR_MS
ALL = (0, 1)


@pytest.fixture
def stores(store_url: str) -> Iterator[Stores]:
    opened = open_stores(store_url, 2)
    yield opened
    assert broken(opened.client, 2) == []
    opened.client.close()


@pytest.fixture
def maker(stores: Stores) -> PastMaker:
    return PastMaker(stores.client, stores.events, stores.work)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(open_place("archive", tmp_path))


@pytest.fixture
def limits(stores: Stores) -> HistoryLimits:
    past = PastStore(stores.client, Scripts(stores.client))
    sizes = HistorySizes(stores.client, past, stores.occurrences)
    parts = (past, stores.occurrences, stores.sweep, sizes, stores.coordination)
    return HistoryLimits(*parts, 0, 0, None)


@pytest.fixture
def archiving(stores: Stores, archive: Archive, limits: HistoryLimits) -> Archiving:
    return Archiving(archive, limits.past, stores.occurrences, stores.events, stores.sweep)


def run(limits: HistoryLimits, now_ms: int = LATER_MS, seconds: float = math.inf) -> int:
    return limits.run(ALL, now_ms, TimeLimit(seconds))


def series(maker: PastMaker, count: int, after_ms: int = 0) -> tuple[Event, list[bytes]]:
    """An event, made so long after others, and its occurrences, a second apart, oldest first."""
    event = maker.event(NOW_MS + 10 * HOUR_MS + after_ms)
    return event, [maker.missed(NOW_MS + number * 1_000, event) for number in range(count)]


def left(stores: Stores, some: list[bytes]) -> list[bytes]:
    found = stores.occurrences.get_many(some)
    return [one for one, occurrence in zip(some, found, strict=True) if occurrence]


def archived(archive: Archive) -> int:
    unread = Unread()
    count = len(list(archive.records(Selected(), unread)))
    assert unread.files == []
    return count


def test_without_limits_nothing_goes(
    stores: Stores, maker: PastMaker, limits: HistoryLimits
) -> None:
    _, some = series(maker, 3)
    assert run(limits) == 0
    assert left(stores, some) == some


def test_the_newest_of_each_event_are_kept(
    stores: Stores, maker: PastMaker, limits: HistoryLimits
) -> None:
    """One that occurs seldom keeps what it has, however old that is."""
    _, many = series(maker, 7)
    _, few = series(maker, 3)
    assert run(replace(limits, per_event=3)) == 4
    assert left(stores, many) == many[-3:]
    assert left(stores, few) == few


def test_what_is_under_way_counts_and_is_not_deleted(
    stores: Stores, maker: PastMaker, limits: HistoryLimits
) -> None:
    event, some = series(maker, 3)
    (claim,) = maker.claim(event.start_ms)
    maker.work.restore(maker.partition, [claim.occurrence_id], event.start_ms)  # gives it a hash
    assert run(replace(limits, per_event=1), event.start_ms) == 3
    assert left(stores, [*some, claim.occurrence_id]) == [claim.occurrence_id]


def test_a_run_goes_on_where_the_last_one_stopped(
    stores: Stores, maker: PastMaker, limits: HistoryLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    monkeypatch.setattr(module, "LOOKED_AT", 1)
    every = [series(maker, 3, number)[1] for number in range(3)]
    counts = [run(replace(limits, per_event=1)) for _ in range(4)]
    assert counts == [2, 2, 2, 0]
    assert all(left(stores, some) == some[-1:] for some in every)


def test_of_one_event_so_many_go_in_one_run(
    stores: Stores, maker: PastMaker, limits: HistoryLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FROM_ONE_EVENT", 2)
    _, some = series(maker, 5)
    assert [run(replace(limits, per_event=1)) for _ in range(3)] == [2, 2, 0]
    assert left(stores, some) == some[-1:]


def test_of_many_events_no_more_is_read_than_goes_in_one_run(
    stores: Stores,
    maker: PastMaker,
    limits: HistoryLimits,
    archiving: Archiving,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when a limit is set that was not there before. The next run does not wait an hour."""
    monkeypatch.setattr(module, "AT_ONCE", 1)
    monkeypatch.setattr(module, "MAX_RECORDS", 2)
    every = [series(maker, 3)[1] for _ in range(3)]
    counts = [run(replace(limits, per_event=1, archiving=archiving)) for _ in range(4)]
    assert counts == [2, 2, 2, 0]
    assert all(left(stores, some) == some[-1:] for some in every)


def test_with_an_archive_events_are_looked_through_once_an_hour(
    stores: Stores,
    maker: PastMaker,
    limits: HistoryLimits,
    archiving: Archiving,
    archive: Archive,
) -> None:
    """A run a minute would write a file a minute."""
    limits = replace(limits, per_event=1, archiving=archiving)
    event, _ = series(maker, 5)
    assert run(limits) == 4
    assert archived(archive) == 4
    maker.missed(NOW_MS + 60_000, event)
    assert run(limits, LATER_MS + HOUR_MS - 1) == 0
    assert run(limits, LATER_MS + HOUR_MS) == 1
    assert archived(archive) == 5


def test_what_was_brought_back_stays_whatever_else_there_is(
    stores: Stores,
    maker: PastMaker,
    limits: HistoryLimits,
    archiving: Archiving,
    archive: Archive,
) -> None:
    """Else it would be archived again and again."""
    limits = replace(limits, per_event=1, archiving=archiving)
    _, some = series(maker, 3)
    kept = [one for one in stores.occurrences.past(some[:1]) if one]
    assert run(limits) == 2
    assert limits.past.add(kept, LATER_MS) == 1
    assert run(limits, LATER_MS + HOUR_MS) == 0
    assert left(stores, some) == [some[0], some[2]]
    assert archive.verify(print)[1] == 2


@pytest.fixture
def sized(limits: HistoryLimits, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], HistoryLimits]:
    """Limits of so many occurrences, each of which takes a hundred bytes."""

    def of(_: HistorySizes, partition: int, now_ms: int) -> HistorySize:
        count = len(list(limits.past.oldest(partition, now_ms)))
        return HistorySize(count, 100 * count)

    monkeypatch.setattr(HistorySizes, "of", of)
    return lambda count: replace(limits, max_bytes=100 * count)


def test_when_history_is_too_large_the_oldest_go(
    stores: Stores, maker: PastMaker, sized: Callable[[int], HistoryLimits]
) -> None:
    """A twentieth more than has to."""
    some = [*maker.completed(NOW_MS, 20), maker.failed(NOW_MS + 5_000)]
    some += [maker.missed(NOW_MS + 60_000 + number) for number in range(19)]
    assert run(sized(40)) == 0
    assert run(sized(20)) == 21
    assert left(stores, some) == some[-19:]
    assert run(sized(20)) == 0


def test_what_is_too_much_goes_into_the_archive_before(
    maker: PastMaker,
    sized: Callable[[int], HistoryLimits],
    archiving: Archiving,
    archive: Archive,
) -> None:
    maker.completed(NOW_MS, 40)
    assert run(replace(sized(20), archiving=archiving)) == 21
    assert archived(archive) == 21


def test_a_run_ends_in_time(maker: PastMaker, sized: Callable[[int], HistoryLimits]) -> None:
    maker.completed(NOW_MS, 5)
    assert run(replace(sized(1), per_event=1), seconds=0) == 0
