"""The audit log is one list, wherever its entries are: hot, packed, or being packed."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.audit import check, line
from app.store import audit_archive as module
from app.store import keys
from app.store.audit import AuditLog
from app.store.audit_archive import HOT, OVERDUE_MS, SEGMENT, log_bytes
from app.store.audit_segments import StoredEntry
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.scripts import Scripts
from tests.support.clock import NOW_MS

PAGE = 7


@pytest.fixture
def client(store_url: str) -> Iterator[StoreClient]:
    with connect(store_url) as opened:
        yield opened


@pytest.fixture
def log(client: StoreClient) -> AuditLog:
    return AuditLog(client, Scripts(client))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of four entries, of which the newest three are never part."""
    monkeypatch.setattr(module, "SEGMENT", 4)
    monkeypatch.setattr(module, "HOT", 3)


def add(log: AuditLog, count: int, now_ms: int = NOW_MS) -> None:
    for number in range(count):
        log.append({"action": "x", "after": number}, now_ms + number)


def pack_all(log: AuditLog) -> int:
    return sum(iter(log.archive.pack_oldest, 0))


def oldest_first(log: AuditLog) -> list[StoredEntry]:
    """All that are there when it begins."""
    found: list[StoredEntry] = []
    newest = log.newest_first(None, 1)
    while newest and (not found or found[-1].position < newest[0].position):
        found += log.oldest_first(found[-1].position if found else None, PAGE)
    return found


def newest_first(log: AuditLog) -> list[StoredEntry]:
    found: list[StoredEntry] = []
    while page := log.newest_first(found[-1].position if found else None, PAGE):
        found += page
    return found


def exported(entries: list[StoredEntry]) -> list[str]:
    return [line(one.text, one.previous, one.digest) for one in entries]


def test_old_entries_leave_the_stream_and_are_told_as_before(log: AuditLog, client: Any) -> None:
    add(log, HOT + SEGMENT - 1)
    assert pack_all(log) == 0
    add(log, SEGMENT + 1, NOW_MS + 10_000)
    before, backwards = oldest_first(log), newest_first(log)
    assert pack_all(log) == 2 * SEGMENT
    assert client.xlen(keys.AUDIT) == HOT
    assert client.zcard(keys.AUDIT_SEGMENTS) == 2
    assert oldest_first(log) == before
    assert newest_first(log) == backwards == before[::-1]
    assert check(exported(before)).last == 2 * SEGMENT + HOT
    add(log, 1)
    assert oldest_first(log)[:-1] == before


def test_a_page_reads_one_segment(log: AuditLog, small: None) -> None:
    """The work of a page is bounded, however long the log is."""
    add(log, 19)
    pack_all(log)
    first, *_ = pages = list(iter_pages(log))
    assert [one.position[1] for one in first] == [19, 18, 17]
    assert [len(page) for page in pages] == [3, 4, 4, 4, 4]


def iter_pages(log: AuditLog) -> Iterator[list[StoredEntry]]:
    page = log.newest_first(None, PAGE)
    while page:
        yield page
        page = log.newest_first(page[-1].position, PAGE)


def test_a_page_may_begin_anywhere(log: AuditLog, small: None) -> None:
    """A position stays good when its entry is packed."""
    add(log, 15)
    whole = oldest_first(log)
    pack_all(log)
    for index, entry in enumerate(whole):
        if index:
            older = log.newest_first(entry.position, PAGE)
            assert older == whole[:index][::-1][: len(older)] != []
        newer = log.oldest_first(entry.position, PAGE)
        assert newer == whole[index + 1 :][: len(newer)]
        assert bool(newer) == (entry is not whole[-1])


def test_packing_that_is_repeated_or_overtaken_does_nothing(
    log: AuditLog, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client repeats a command whose answer was lost, and two workers may pack at once."""
    add(log, 15)
    whole = oldest_first(log)
    scripts = log.archive._scripts
    answers = []

    def twice(*call: Any) -> Any:
        answers.append((scripts(*call), scripts(*call)))
        return answers[-1][0]

    monkeypatch.setattr(log.archive, "_scripts", twice)
    assert pack_all(log) == 12
    assert answers == [(4, 0)] * 3
    assert oldest_first(log) == whole


def test_retention_while_packing_leaves_nothing_behind(
    log: AuditLog, client: Any, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is deleted while it is being packed is gone; the segment is not written."""
    add(log, 8)
    scripts = log.archive._scripts

    def after_retention(*call: Any) -> Any:
        monkeypatch.undo()
        log.archive.forget(NOW_MS + 2)
        return scripts(*call)

    monkeypatch.setattr(log.archive, "_scripts", after_retention)
    assert log.archive.pack_oldest() == 0
    assert client.zcard(keys.AUDIT_SEGMENTS) == 0
    assert [one.position[1] for one in oldest_first(log)] == [3, 4, 5, 6, 7, 8]


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 9)),
        st.tuples(st.just("pack"), st.integers(1, 3)),
        st.tuples(st.just("wait"), st.sampled_from([1, 1_000, OVERDUE_MS // 3, OVERDUE_MS])),
        st.tuples(st.just("forget"), st.integers(0, 4 * OVERDUE_MS)),
        st.tuples(st.just("bound"), st.integers(1, 4)),
    ),
    max_size=25,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(operations=OPERATIONS)
def test_it_is_one_list_whatever_was_done(
    operations: list[tuple[str, int]], log: AuditLog, client: Any, small: None
) -> None:
    """Packing changes nothing; what is deleted is a beginning, old enough or too much."""
    client.flushall()
    log._head = AuditLog(client, Scripts(client))._head
    expected: list[StoredEntry] = []
    now_ms = NOW_MS
    for what, amount in operations:
        if what == "append":
            add(log, amount, now_ms)
            expected += oldest_first(log)[len(expected) :]
        elif what == "pack":
            for _ in range(amount):
                log.archive.pack_oldest()
        elif what == "wait":
            now_ms += amount
        elif what == "forget":
            before_ms = now_ms - amount
            forgotten = sum(iter(lambda before=before_ms: log.archive.forget(before), 0))
            gone, expected = expected[:forgotten], expected[forgotten:]
            assert all(one.position[0] < before_ms for one in gone)
            assert all(one.position[0] >= before_ms - OVERDUE_MS for one in expected)
        elif beyond := log.archive.beyond(log_bytes(client) - 1):
            assert beyond == (expected[0].position[1], expected[beyond[1] - beyond[0]].position[1])
            dropped = log.archive.drop(beyond[1])
            assert dropped == beyond[1] - beyond[0] + 1
            expected = expected[dropped:]
        assert oldest_first(log) == expected
        assert newest_first(log) == expected[::-1]
        assert check(exported(expected)).entries == len(expected)
        sizes = map(len, client.zrange(keys.AUDIT_SEGMENTS, 0, -1))
        assert int(client.hget(keys.AUDIT_HEAD, "bytes") or 0) == sum(sizes)


def test_readers_see_one_chain_while_it_grows_and_is_packed(
    store_url: str, small: None, log: AuditLog
) -> None:
    """Two that pack, one that adds, on connections of their own."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def run(work: Any, opened: AuditLog) -> None:
        try:
            while not stop.is_set():
                work(opened)
        except BaseException as error:
            failures.append(error)
            raise

    with ExitStack() as stack:
        others = [stack.enter_context(connect(store_url)) for _ in range(3)]
        logs = [AuditLog(one, Scripts(one)) for one in others]
        threads = [
            threading.Thread(target=run, args=(work, opened))
            for work, opened in zip(
                (pack_all, pack_all, lambda opened: add(opened, 3)), logs, strict=True
            )
        ]
        for thread in threads:
            thread.start()
        try:
            last = 0
            while last < 200:
                forwards = check(exported(oldest_first(log)))
                backwards = check(exported(newest_first(log)[::-1]))
                assert {forwards.first, backwards.first} <= {0, 1}
                assert backwards.last >= last
                last = max(forwards.last, last)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert not failures


def test_a_segment_that_comes_between_two_looks_is_not_passed_over(
    log: AuditLog, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader looks for the segment of an entry, and it is packed before it looks further."""
    add(log, 7)
    pack_all(log)
    add(log, 8, NOW_MS + 7)
    look = log.archive._before

    def then_packed(top: str | int) -> Any:
        found = look(top)
        pack_all(log)
        return found

    monkeypatch.setattr(log.archive, "_before", then_packed)
    assert [one.position[1] for one in log.archive.since(5)] == [5, 6, 7, 8]


def test_a_segment_that_cannot_be_read_is_passed_over_and_the_gap_shows(
    log: AuditLog, client: Any, small: None, caplog: pytest.LogCaptureFixture
) -> None:
    add(log, 15)
    pack_all(log)
    _, second, _ = client.zrange(keys.AUDIT_SEGMENTS, 0, -1)
    client.zrem(keys.AUDIT_SEGMENTS, second)
    client.zadd(keys.AUDIT_SEGMENTS, {second[:-1]: 5})
    with caplog.at_level(logging.ERROR):
        left = oldest_first(log)
    assert [one.position[1] for one in left] == [*range(1, 5), *range(9, 16)]
    assert newest_first(log) == left[::-1]
    assert {(one.message, one.seq) for one in caplog.records} == {
        ("a segment of the audit log can't be read", 5)
    }


@pytest.mark.parametrize("damaged", [b"damaged", b"\x01"])
def test_a_damaged_segment_goes_when_the_next_one_is_old(
    log: AuditLog, client: Any, small: None, damaged: bytes
) -> None:
    """It stays as long as it might prove something, and keeps nothing from being deleted."""
    add(log, 15)
    pack_all(log)
    client.zremrangebyrank(keys.AUDIT_SEGMENTS, 0, 0)
    client.zadd(keys.AUDIT_SEGMENTS, {damaged: 1})
    assert log.archive.forget(NOW_MS + 4) == 0
    assert client.zcard(keys.AUDIT_SEGMENTS) == 3
    log.archive.forget(NOW_MS + 8)
    assert [one.position[1] for one in oldest_first(log)] == [*range(9, 16)]


def test_a_segment_that_spans_long_is_cut(log: AuditLog, small: None) -> None:
    """Where little happens, an entry does not stay until all others of its segment are old."""
    for number in range(8):
        log.append({"action": "x"}, NOW_MS + number * OVERDUE_MS)
    pack_all(log)
    assert log.archive.forget(NOW_MS + OVERDUE_MS) == 0
    assert log.archive.forget(NOW_MS + 2 * OVERDUE_MS) == 2
    assert [one.position[1] for one in oldest_first(log)] == [*range(3, 9)]


def test_what_two_delete_at_once_is_deleted_once(
    log: AuditLog, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(log, 23)
    pack_all(log)
    scripts = log.archive._scripts
    rivals = itertools.count()

    def after_the_other(name: str, *call: Any) -> Any:
        if next(rivals) == 0:
            scripts(name, *call)
        return scripts(name, *call)

    monkeypatch.setattr(log.archive, "_scripts", after_the_other)
    assert log.archive.forget(NOW_MS + 8) == 0  # the other is at it
    assert [one.position[1] for one in oldest_first(log)] == [*range(5, 24)]
    assert log.archive.forget(NOW_MS + 8) == 4
    assert [one.position[1] for one in oldest_first(log)] == [*range(9, 24)]
