"""Walks of indexes, chunk by chunk and from any position."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from app.store import indexes, keys
from app.store.indexes import CHUNK, EVERY_EVENT, Entry, Selection
from tests.store.conftest import Stores

MANY = 2 * CHUNK + 300


def index_of(number: int) -> bytes:
    return b"qh:{%d}:index" % number


def filled(stores: Stores, scores: Sequence[int]) -> list[Entry]:
    """Puts members with these scores into one index; returns them oldest first."""
    entries = sorted((score, b"%016d" % number) for number, score in enumerate(scores))
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
    entries = [(score // 3, b"%016d" % score) for score in range(MANY)]
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
    entries = filled(stores, range(MANY))
    monkeypatch.setattr(indexes, "LOOK_LIMIT", CHUNK)
    looked: list[int] = []

    def oldest(found: Sequence[bytes]) -> list[bool]:
        looked.append(len(found))
        return [member == entries[0][1] for member in found]

    selection = Selection(any_of=(index_of,), keep=oldest)
    position: Entry | None = None
    parts: list[list[Entry]] = []
    for _ in range(3):
        found, position = stores.lists.part(selection, position, 5)
        parts.append(found)
    assert (parts, position) == ([[], [], [entries[0]]], None)
    assert looked == [CHUNK, CHUNK, MANY - 2 * CHUNK]
