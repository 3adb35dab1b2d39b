"""Partitions are shared out evenly, and none is left out."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.partition_share import Rank, share_of


def shares(drains: int, partitions: int) -> list[tuple[int, ...]]:
    return [share_of(Rank(at, drains), partitions) for at in range(drains)]


@given(st.integers(1, 40), st.integers(1, 40))
def test_each_partition_has_a_drain_and_each_drain_has_its_share(
    drains: int, partitions: int
) -> None:
    """Drains differ by one partition at most, and partitions by one drain."""
    given_out = shares(drains, partitions)
    serving = Counter(partition for share in given_out for partition in share)
    assert sorted(serving) == list(range(partitions))
    sizes = [len(share) for share in given_out]
    assert max(sizes) - min(sizes) <= 1
    assert max(serving.values()) - min(serving.values()) <= 1
    assert sum(sizes) == max(drains, partitions)


@pytest.mark.parametrize("drains", [1, 2, 7])
def test_a_single_partition_has_all_drains(drains: int) -> None:
    assert shares(drains, 1) == [(0,)] * drains


def test_a_single_drain_has_all_partitions() -> None:
    assert shares(1, 4) == [(0, 1, 2, 3)]
