"""Walks of indexes, chunk by chunk and from any position.

Tests ``app.store.index_reads``, ``app.store.selections`` and ``app.store.walks``, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from app.store import indexes, keys, walks
from app.store.index_reads import IndexReads, ReadPart
from app.store.indexes import CHUNK, Total
from app.store.selections import EVERY_EVENT, Entry, IndexClause, Selection
from app.store.walks import Walker
from tests.store.conftest import Stores

MANY = 2 * CHUNK + 300


def id_of(number: int) -> bytes:
    """An id of an occurrence in partition 0."""
    return b"%06d\x80\x00%08d" % (number, number)


def index_of(number: int) -> bytes:
    return b"qh:{%d}:index" % number


def filled(stores: Stores, scores: Sequence[int]) -> list[Entry]:
    """Puts members with these scores into one index; returns them oldest first."""
    entries = sorted((score, id_of(number)) for number, score in enumerate(scores))
    stores.client.zadd(index_of(0), {member: score for score, member in entries})
    return entries


@pytest.mark.parametrize("oldest_first", [True, False])
@pytest.mark.parametrize("scores", [[5] * MANY, [1, *[5] * MANY, 9]], ids=["same", "between"])
def test_what_is_due_at_one_moment_is_walked_once_in_any_stretches(
    stores: Stores, scores: list[int], *, oldest_first: bool
) -> None:
    """More members of one score than a chunk holds, gone through from position to position."""
    entries = filled(stores, scores)
    found: list[Entry] = []
    position: Entry | None = None
    for _ in range(len(entries) // 100 + 1):
        some, position = stores.lists.stretch(
            Selection(any_of=(index_of,)), position, 100, oldest_first=oldest_first
        )
        found += some
        if position is None:
            break
    assert found == (entries if oldest_first else entries[::-1])


@pytest.mark.parametrize(("source", "target"), [("active", "inactive"), ("inactive", "active")])
def test_an_event_that_changes_its_status_during_a_walk_is_met_once(
    stores: Stores, source: str, target: str
) -> None:
    """All that were not yet met move to another index, some of them behind where the walk is."""
    entries = [(score // 3, id_of(score)) for score in range(MANY)]
    for place, some in ((source, entries[::2]), (target, entries[1::2])):
        stores.client.zadd(keys.events(0, place), {member: score for score, member in some})
    walk = stores.lists.walk(EVERY_EVENT)
    found = list(itertools.islice(walk, CHUNK))
    for score, member in entries[:-CHUNK:2]:
        stores.client.zrem(keys.events(0, source), member)
        stores.client.zadd(keys.events(0, target), {member: score})
    assert [*found, *walk] == entries[::-1]


def test_a_part_looks_at_a_bounded_number_and_says_where_to_go_on(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part may be empty; together they have everything, and none looks at more than it may."""
    entries = filled(stores, range(MANY))
    monkeypatch.setattr(indexes, "LOOK_LIMIT", CHUNK)
    monkeypatch.setattr(indexes, "KEEP_COSTS", 1)
    monkeypatch.setattr(walks, "KEEP_COSTS", 1)
    looked: list[int] = []

    def oldest(found: Sequence[bytes]) -> list[bool]:
        looked.append(len(found))
        return [member == entries[0][1] for member in found]

    selection = Selection(any_of=(index_of,), keep=oldest)
    parts = [[]]
    position: Entry | None = None
    while not parts[-1]:
        before = sum(looked)
        found, position = stores.lists.part(selection, position, 5)
        assert sum(looked) - before <= CHUNK
        parts.append(found)
        assert (position is None) == bool(found)
    assert parts[-1] == [entries[0]]
    assert sum(looked) == MANY


def test_a_part_looks_at_few_more_entries_than_it_needs(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of what is walked fits."""
    entries = filled(stores, range(MANY))
    stores.client.zadd(another(0), {member: score for score, member in entries[::2]})
    stores.client.zadd(another(0), {b"other %d" % one: one for one in range(MANY)})
    looked: list[int] = []
    read = IndexReads.read

    def count(*given: Any) -> ReadPart:
        stretch = read(*given)
        looked.append(stretch.looked)
        return stretch

    monkeypatch.setattr(IndexReads, "read", count)
    both = Selection(any_of=(index_of,), also=(IndexClause((another,)),))
    found, position = stores.lists.part(both, None, 100)
    assert found == entries[::2][::-1][:100]
    assert position == found[-1]
    assert 200 <= sum(looked) <= 3 * 101


def another(number: int) -> bytes:
    return b"qh:{%d}:another" % number


@pytest.mark.parametrize("oldest_first", [True, False])
def test_where_nothing_fits_a_walk_leaps(stores: Stores, *, oldest_first: bool) -> None:
    """Two long indexes that share their first entry and their last, and nothing between."""
    many, last = 4 * CHUNK, id_of(999_999)
    for key, base in ((index_of(0), 1_000), (another(0), 500_000)):
        stores.client.zadd(key, {id_of(base + one): base + one for one in range(many)})
        stores.client.zadd(key, {id_of(0): 1, last: 9_000_000})
    selection = Selection(any_of=(index_of,), also=(IndexClause((another,)),))
    walker = Walker(stores.lists._reads, selection, None, oldest_first=oldest_first)
    found: list[Entry] = []
    while not walker.is_over:
        found += walker.next(50)
    expected = [(1, id_of(0)), (9_000_000, last)]
    assert found == (expected if oldest_first else expected[::-1])
    assert walker.looked < many / 4


def test_what_a_clause_lacks_is_left_out(stores: Stores) -> None:
    entries = filled(stores, range(40))
    stores.client.zadd(another(0), {member: score for score, member in entries[::2]})
    without = Selection(any_of=(index_of,), also=(IndexClause(lacks=(another,)),))
    assert list(stores.lists.walk(without)) == entries[1::2][::-1]
    assert stores.lists.total(without) == Total(20)
    both = Selection(any_of=(index_of,), also=(IndexClause((another,)),))
    assert list(stores.lists.walk(both)) == entries[::2][::-1]
    assert stores.lists.total(both) == Total(20)


def test_a_total_that_needs_a_longer_walk_is_at_least_what_was_found(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = filled(stores, range(MANY))
    stores.client.zadd(another(0), {member: score for score, member in entries})
    both = Selection(any_of=(index_of,), also=(IndexClause((another,)),))
    assert stores.lists.total(both) == Total(MANY)
    monkeypatch.setattr(indexes, "COUNTED_AT_ONCE", MANY - 1)
    total = stores.lists.total(both, limit=100)
    assert 0 < total.number < MANY
    assert not total.is_exact
    assert stores.lists.total(both, limit=10 * MANY) == Total(MANY)
