"""An index with leaves reads like any other: in order, from any place, in any direction."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from app.domain import ids
from app.store import indexes, keys
from app.store.calls import Unattempted
from app.store.figures import Figures
from app.store.index_reads import IndexReads
from app.store.indexes import IndexReader, Total
from app.store.leaves import (
    count_entries,
    find_entries,
    have_leaves,
    leaves,
    read_newest,
)
from app.store.past import PastStore
from app.store.scripts import Scripts
from app.store.selections import Entry, IndexClause, Position, Selection
from tests.store.conftest import Stores, open_stores
from tests.store.test_short_forms import create
from tests.support.builders import DAILY
from tests.support.clock import NOW_MS
from tests.support.invariants import broken

HOUR_MS = 3_600_000
LATER_MS = NOW_MS + 3 * HOUR_MS
BEFORE_MS = LATER_MS - HOUR_MS
COUNT = 1_500
STATUSES = ("missed", "skipped", "missed", "cancelled")


class History:
    """Two events in the last partition with many occurrences, of several statuses and tags."""

    def __init__(self, stores: Stores) -> None:
        self.stores, self.partition = stores, stores.partitions - 1
        chance = random.Random(3)
        self.events = [create(stores, schedule=DAILY) for _ in range(2)]
        self.notes: dict[bytes, Unattempted] = {}
        for number in range(COUNT):
            # (Two of each second: some are scheduled at one moment.)
            note = Unattempted(
                self.events[number % 2].id,
                NOW_MS - number // 2 * 1_000,
                ("red",) if chance.random() < 0.7 else ("red", "blue"),
                STATUSES[number % 4],
                "because",
            )
            self.notes[ids.occurrence_id(note.event_id, note.scheduled_ms)] = note
        stores.work.record_unattempted(self.notes.values(), NOW_MS)

    def pack(self, some: Sequence[bytes]) -> None:
        assert self.stores.work.pages.pack(self.partition, some, BEFORE_MS) == len(some)
        assert broken(self.stores.client, self.stores.partitions) == []

    def entries(self, fits: object = None, **wanted: object) -> list[Entry]:
        """Those that are so, oldest first."""
        return sorted(
            (note.scheduled_ms, one)
            for one, note in self.notes.items()
            if all(getattr(note, name) == value for name, value in wanted.items())
        )


@pytest.fixture
def history(stores: Stores) -> History:
    return History(stores)


def index(status: str):
    return lambda partition: keys.occurrences(partition, status)


def in_two_packings(history: History) -> None:
    """What is packed late lies between what was packed before, and some stays as it was."""
    chance = random.Random(5)
    found = sorted(history.notes)
    late = set(chance.sample(found, COUNT // 5))
    kept = set(chance.sample(sorted(late), 40))
    history.pack([one for one in found if one not in late])
    history.pack(sorted(late - kept))


def test_lists_have_the_same_entries_in_the_same_order(stores: Stores, history: History) -> None:
    selections = [
        Selection((index("missed"),)),
        Selection((index("missed"), index("skipped"), index("cancelled"))),
        Selection((lambda p: keys.tag_occurrences(p, "blue"),), (IndexClause((index("missed"),)),)),
        Selection(
            (index("missed"),), (IndexClause(lacks=(lambda p: keys.tag_occurrences(p, "blue"),)),)
        ),
        Selection(
            (lambda p: keys.event_occurrences(p, history.events[0].id),),
            low_ms=NOW_MS - 600_000,
            high_ms=NOW_MS - 3_500,
        ),
    ]
    before = [walked(stores.lists, one) for one in selections]
    totals = [stores.lists.total(one, 9_000) for one in selections]
    assert before[0][False] == history.entries(status="missed")[::-1]
    in_two_packings(history)
    assert all(have_leaves(stores.client, [index("missed")(history.partition)]))
    for one, found, total in zip(selections, before, totals, strict=True):
        assert walked(stores.lists, one) == found
        assert stores.lists.total(one, 9_000) == total == Total(len(found[True]))


def walked(lists: IndexReader, selection: Selection) -> dict[bool, list[Entry]]:
    """All of a list in either direction, part by part."""
    found: dict[bool, list[Entry]] = {}
    for oldest_first in (True, False):
        at, some = None, []
        while True:
            part, at = lists.part(selection, at, 77, oldest_first=oldest_first)
            some += part
            if at is None:
                break
        found[oldest_first] = some
    return found


def test_any_position_may_be_read_from(stores: Stores, history: History) -> None:
    """Also one that is in no index, as that of a callback, whose id has another moment."""
    in_two_packings(history)
    entries = history.entries(status="missed")
    chance = random.Random(9)
    reads = IndexReads(stores.client, stores.work._scripts, stores.partitions)
    for _ in range(15):
        score, member = chance.choice(entries)
        position = chance.choice(
            [(score, member), (score, bytes(16)), (score, b"\xff" * 16), (score + 1, member)]
        )
        for oldest_first, is_taken in ((True, False), (False, False), (True, True), (False, True)):
            at = Position(position, oldest_first, is_taken)
            expected = [one for one in entries if at.precedes(one)]
            expected = expected[:9] if oldest_first else expected[::-1][:9]
            read = reads.read(IndexClause((index("missed"),)), Selection((index("missed"),)), at, 9)
            assert read.entries[:9] == expected


@pytest.mark.parametrize("oldest_first", [True, False])
def test_a_page_is_found_by_its_number(
    store_url: str, monkeypatch: pytest.MonkeyPatch, *, oldest_first: bool
) -> None:
    one = open_stores(store_url, 1)
    history = History(one)
    in_two_packings(history)
    entries = history.entries(status="missed")
    bounds = [(None, None), (NOW_MS - 500_000, NOW_MS - 100_000), (NOW_MS + 1, None)]
    for low_ms, high_ms in bounds:
        selection = Selection((index("missed"),), low_ms=low_ms, high_ms=high_ms)
        inside = [entry for entry in entries if selection.takes(entry[0])]
        inside = inside if oldest_first else inside[::-1]
        for skip in (0, 1, 9, 31, 77, 200, len(inside) - 3, len(inside) - 1, len(inside), 5_000):
            if skip >= 0:
                found, last = one.lists.page(selection, skip, 4, oldest_first=oldest_first)
                assert found == inside[skip : skip + 4]
                assert last == (inside[skip + 3] if len(inside) > skip + 4 else None)
    assert one.lists.is_ranked(selection, 9)
    monkeypatch.setattr(indexes, "RANKED_LIMIT", 8)
    assert not one.lists.is_ranked(selection, 9)
    assert one.lists.is_ranked(Selection((index("failed"),)), 9)
    one.client.close()


def test_counts_are_exact(stores: Stores, history: History) -> None:
    figures = Figures(stores.client, stores.partitions)
    steps = (["missed", "skipped", "completed"], NOW_MS - 700_000, 30, 20_000)
    before = figures.occurrences_by_status(), figures.by_step(*steps)
    in_two_packings(history)
    assert (figures.occurrences_by_status(), figures.by_step(*steps)) == before
    entries = history.entries(status="missed")
    chance = random.Random(2)
    bounds = []
    for _ in range(30):
        low, high = sorted(chance.randrange(-2_000, COUNT * 500 + 2_000) for _ in range(2))
        bounds.append((NOW_MS - high, NOW_MS - low))
    bounds += [("-inf", NOW_MS - 7_000), (NOW_MS - 7_000, "+inf"), (5, 4), (-1, 1 << 50)]
    found = count_entries(stores.work._scripts, stores.partitions, [index("missed")], bounds)
    expected = [
        [sum((low == "-inf" or at >= low) and (high == "+inf" or at <= high) for at, _ in entries)]
        for low, high in bounds
    ]
    assert found == expected


def test_members_are_found(stores: Stores, history: History) -> None:
    in_two_packings(history)
    members = [*history.notes, bytes(16), b"\xff" * 16]
    indexes = [index(one)(history.partition) for one in ("missed", "completed")]
    found = find_entries(stores.work._scripts, indexes, members)
    assert found[0] == [
        one in history.notes and history.notes[one].status == "missed" for one in members
    ]
    assert not any(found[1])
    assert find_entries(stores.work._scripts, [], members) == []
    event = history.events[1]
    newest = [one for _, one in history.entries(event_id=event.id)[::-1]]
    place = keys.event_occurrences(history.partition, event.id)
    assert read_newest(stores.work._scripts, place, 90) == newest[:90]
    assert stores.occurrences.last_of([event], 90) == [newest[:90]]


def test_what_is_packed_is_not_brought_back_once_more(stores: Stores, history: History) -> None:
    """As after a backup, or if it went into the archive and could not be deleted then."""
    some = sorted(history.notes)[:40]
    found = [one for one in stores.occurrences.past(some) if one is not None]
    history.pack(sorted(history.notes))
    assert PastStore(stores.client, Scripts(stores.client)).add(found, LATER_MS) == 0
    assert broken(stores.client, stores.partitions) == []
    assert not stores.client.exists(keys.ended(history.partition))


def test_what_is_unpacked_or_deleted_leaves_the_leaves(stores: Stores, history: History) -> None:
    in_two_packings(history)
    chance, found = random.Random(1), sorted(history.notes)
    some = chance.sample(found, 300)
    stores.work.pages.unpack(some)
    assert broken(stores.client, stores.partitions) == []
    ranked = [
        stores.client.zscore(index(history.notes[one].status)(history.partition), one)
        for one in some
    ]
    assert None not in ranked
    history.pack(some)
    for one in chance.sample(found, 3):
        assert stores.work.record_unattempted([history.notes[one]], LATER_MS) == 0
    assert stores.work.delete_ended(history.partition, LATER_MS, COUNT) == COUNT
    assert broken(stores.client, stores.partitions) == []
    assert not stores.client.exists(leaves(index("missed")(history.partition)))
