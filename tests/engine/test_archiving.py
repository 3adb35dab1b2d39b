"""What retention deletes is in the archive before, whatever happens in between."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.archive.archive import Archive, Selected, Unread
from app.archive.names import EVENTS
from app.archive.place import ArchiveFailed, ArchivePlace, open_place
from app.archive.records import occurrence_of
from app.engine import archiving as module
from app.engine.archiving import Archiving
from app.engine.retention import Retention
from app.engine.time_limit import TimeLimit
from app.store.archive_notes import ArchiveNotes
from app.store.event_plans import KEEP
from app.store.past import PastStore
from app.store.scripts import Scripts
from tests.store.conftest import Stores, open_stores
from tests.support.clock import NOW_MS
from tests.support.invariants import broken
from tests.support.past import PastMaker

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
LATER_MS = NOW_MS + WEEK_MS + 3_600_000
"""When all that ended within the hour after ``NOW_MS`` goes."""


@pytest.fixture
def stores(store_url: str) -> Any:
    opened = open_stores(store_url, 2)
    yield opened
    assert broken(opened.client, 2) == []
    opened.client.close()


@pytest.fixture
def maker(stores: Stores) -> PastMaker:
    return PastMaker(stores.client, stores.events, stores.work)


@pytest.fixture
def place(tmp_path: Path) -> ArchivePlace:
    return open_place("archive", tmp_path)


@pytest.fixture
def retention(stores: Stores, place: ArchivePlace) -> Retention:
    past = PastStore(stores.client, Scripts(stores.client))
    parts = (past, stores.occurrences, stores.events, stores.sweep)
    archiving = Archiving(Archive(place), *parts)
    notes = ArchiveNotes(stores.client)
    limits = cast("Any", SimpleNamespace(run=lambda *_: 0))
    kept = (WEEK_MS, WEEK_MS, notes, limits, (), archiving)
    return Retention(stores.work, stores.events, stores.sweep, *kept)


def archived(place: ArchivePlace, **selected: Any) -> list[dict[str, Any]]:
    damage = Unread()
    found = list(Archive(place).records(Selected(**selected), damage))
    assert damage.files == []
    return found


def files(place: ArchivePlace) -> int:
    return Archive(place).verify(print)[0]


def some_of_each(maker: PastMaker) -> list[bytes]:
    return [*maker.completed(NOW_MS, 3), maker.failed(NOW_MS), maker.missed(NOW_MS)]


def test_what_is_deleted_is_in_the_archive_with_all_its_attempts(
    stores: Stores, maker: PastMaker, place: ArchivePlace, retention: Retention
) -> None:
    some = some_of_each(maker)
    before = {one.occurrence.id: one for one in stores.occurrences.past(some) if one}
    assert retention.run(LATER_MS) >= 5
    assert stores.occurrences.get_many(some) == [None] * 5
    assert {one.occurrence.id: one for one in map(occurrence_of, archived(place))} == before
    assert files(place) == 1


def test_what_is_packed_is_archived_alike(
    stores: Stores, maker: PastMaker, place: ArchivePlace, retention: Retention
) -> None:
    some, others = some_of_each(maker), maker.completed(NOW_MS, 1)
    before = {one.occurrence.id: one for one in stores.occurrences.past([*some, *others]) if one}
    assert stores.work.pages.pack(maker.partition, some, NOW_MS + 4 * 3_600_000) == 5
    assert retention.run(LATER_MS) >= 6
    assert stores.occurrences.get_many([*some, *others]) == [None] * 6
    assert {one.occurrence.id: one for one in map(occurrence_of, archived(place))} == before


def test_what_ended_in_an_hour_goes_together(
    stores: Stores, maker: PastMaker, place: ArchivePlace, retention: Retention
) -> None:
    """So files are few: a run each minute would else write a file each minute."""
    (one,) = maker.completed(NOW_MS + 60_000)
    retention.run(NOW_MS + WEEK_MS + 3_599_999)
    assert stores.occurrences.get_many([one]) != [None]
    retention.run(LATER_MS)
    assert stores.occurrences.get_many([one]) == [None]
    assert len(archived(place)) == 1


def test_an_event_goes_with_its_definition(
    stores: Stores, maker: PastMaker, place: ArchivePlace, retention: Retention
) -> None:
    maker.completed(NOW_MS)
    (event_id,) = stores.sweep.inactive(maker.partition, LATER_MS, 9)
    retention.run(NOW_MS + WEEK_MS + DAY_MS)
    assert stores.events.get_many([event_id]) == [None]
    (kept,) = archived(place, holds=EVENTS)
    assert kept["name"] == "an event"
    assert kept["action"]["params"] == {"url": "https://example.com/hook"}


def test_a_worker_that_is_killed_before_it_deletes_loses_nothing_and_doubles_nothing(
    stores: Stores,
    maker: PastMaker,
    place: ArchivePlace,
    retention: Retention,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those records are in two files; who reads gets each once."""
    some = some_of_each(maker)

    class Killed(BaseException):
        """No handler of ours sees it."""

    def die(*_: object) -> int:
        if len(place.names("occurrences/p0001/2026-01-01")):
            raise Killed
        return 0

    with monkeypatch.context() as patched:
        patched.setattr(PastStore, "delete", die)
        with pytest.raises(Killed):
            retention.run(LATER_MS)
    assert None not in stores.occurrences.get_many(some)
    retention.run(LATER_MS + 60_000)
    assert stores.occurrences.get_many(some) == [None] * 5
    assert len(place.names("occurrences/p0001/2026-01-01")) == 2
    assert len(archived(place)) == 5


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def lose(place: ArchivePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it write half of each file, and say nothing."""
    write = place.write
    monkeypatch.setattr(place, "write", lambda path, content: write(path, content[:-99]))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (lambda _, patch: patch.setattr("app.archive.place.os.fsync", no_space), "No space left"),
        (lose, "what was written can't be read"),
    ],
    ids=["disk full", "bytes lost"],
)
def test_nothing_is_deleted_while_the_archive_fails_and_the_status_can_say_so(
    stores: Stores,
    maker: PastMaker,
    place: ArchivePlace,
    retention: Retention,
    fault: Callable[[ArchivePlace, pytest.MonkeyPatch], None],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    some = some_of_each(maker)
    forgotten: list[int] = []
    object.__setattr__(retention, "others", (lambda now_ms: forgotten.append(now_ms) or 0,))
    with pytest.MonkeyPatch.context() as patched:
        fault(place, patched)
        assert retention.run(LATER_MS) == 0
        assert retention.run(LATER_MS + 60_000) == 0
    assert None not in stores.occurrences.get_many(some)
    failing = retention.notes.failing()
    assert failing is not None
    assert failing.since_ms == LATER_MS
    assert reason in failing.reason
    assert len(caplog.records) == 1, "the log says it once"
    assert len(forgotten) == 2, "what goes to no archive is deleted"
    retention.run(LATER_MS + 120_000)
    assert stores.occurrences.get_many(some) == [None] * 5
    assert retention.notes.failing() is None


def test_an_archive_that_has_failed_for_long_is_tried_every_five_minutes(
    maker: PastMaker, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place that is away may take half a minute to say so, and other upkeep waits."""
    maker.missed(NOW_MS)
    tries: list[int] = []

    def refuse(self: ArchivePlace, path: str, content: bytes) -> None:
        tries.append(minute)
        raise ArchiveFailed("away")

    with monkeypatch.context() as patched:
        patched.setattr(ArchivePlace, "write", refuse)
        for minute in range(17):
            retention.run(LATER_MS + minute * 60_000)
    assert tries == [*range(6), 10, 15]
    minute = 18
    assert retention.run(LATER_MS + minute * 60_000) == 0
    assert retention.run(LATER_MS + 20 * 60_000) == 1
    assert retention.notes.failing() is None


def test_runs_at_once_write_whole_files_each_its_own(
    stores: Stores, maker: PastMaker, place: ArchivePlace, retention: Retention
) -> None:
    """Both may write the same records; one deletes them."""
    some = some_of_each(maker)
    archiving = retention.archiving
    assert archiving is not None
    listed = list(archiving.past.oldest(maker.partition, LATER_MS))
    moved = [
        archiving.move_endings(maker.partition, listed, LATER_MS, TimeLimit(0)) for _ in range(2)
    ]
    assert moved == [5, 0]
    assert {one["id"] for one in archived(place)} == set(map(to_text, some))


def to_text(one: bytes) -> str:
    text = one.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def test_files_are_of_bounded_size(
    stores: Stores,
    maker: PastMaker,
    place: ArchivePlace,
    retention: Retention,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_RECORDS", 2)
    monkeypatch.setattr(module, "BATCH", 2)
    maker.completed(NOW_MS, 5)
    retention.run(LATER_MS)
    assert len(place.names("occurrences/p0001/2026-01-01")) == 3
    assert len(archived(place)) == 5


def test_a_slow_place_is_given_as_many_files_as_there_is_time_for(
    stores: Stores,
    maker: PastMaker,
    place: ArchivePlace,
    retention: Retention,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of three hours, one file after the other; what is not written stays."""
    monkeypatch.setattr(module, "WRITE_S", 0.0)
    some = [one for hour in range(3) for one in maker.completed(NOW_MS + hour * 3_600_000)]
    assert retention.archiving is not None
    later_ms, left = LATER_MS + DAY_MS, []
    for _ in some:
        endings = retention.archiving.past.oldest(maker.partition, later_ms)
        moved = retention.archiving.move_endings(maker.partition, endings, later_ms, TimeLimit(60))
        left.append(sum(one is not None for one in stores.occurrences.get_many(some)))
        assert (moved, files(place)) == (1, 3 - left[-1])
    assert left == [2, 1, 0]


def test_a_process_that_is_to_stop_writes_no_more_than_the_file_under_way(
    maker: PastMaker, place: ArchivePlace, retention: Retention
) -> None:
    for hour in range(3):
        maker.completed(NOW_MS + hour * 3_600_000)
    later_ms = LATER_MS + DAY_MS
    stopped = replace(retention, is_stopping=lambda: files(place) > 0)
    assert [stopped.run(later_ms), len(archived(place))] == [1, 1]
    retention.run(later_ms)
    assert len(archived(place)) == 3


def test_a_run_ends_in_time_and_the_next_begins_with_another_partition(
    retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.retention.BUDGET_S", 0.0)
    assert retention.run(LATER_MS) == 0
    turns = [retention._in_turn(minute * 60_000)[0] for minute in range(4)]
    assert turns == [0, 1, 0, 1]


def test_no_secret_is_in_the_files(
    stores: Stores, maker: PastMaker, place: ArchivePlace, retention: Retention
) -> None:
    event = maker.event(NOW_MS)
    sealed = event.changed(version=2, hmac_secret=b"\x01sealed")
    stores.events.save(sealed, KEEP, event, NOW_MS)
    maker.completed(NOW_MS)
    retention.run(NOW_MS + WEEK_MS + DAY_MS)
    assert "sealed" not in json.dumps(archived(place, holds=EVENTS))


def test_what_can_not_be_moved_raises(maker: PastMaker, retention: Retention) -> None:
    maker.missed(NOW_MS)
    archiving = retention.archiving
    assert archiving is not None
    endings = archiving.past.oldest(maker.partition, LATER_MS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.archive.place.os.fsync", no_space)
        with pytest.raises(ArchiveFailed):
            archiving.move_endings(maker.partition, endings, LATER_MS, TimeLimit(0))
