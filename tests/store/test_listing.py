"""Walks of indexes, chunk by chunk and from any position."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.store.listing import CHUNK, Entry, Selection
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
