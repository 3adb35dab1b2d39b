"""Samples of indexes: all members if there are few, else some that are spread evenly."""

from __future__ import annotations

import pytest

from app.store.connection import StoreClient
from app.store.samples import SampleReader


def key_a(partition: int) -> bytes:
    return b"qh:{%d}:sample:a" % partition


def key_b(partition: int) -> bytes:
    return b"qh:{%d}:sample:b" % partition


@pytest.fixture
def samples(redis_client: StoreClient) -> SampleReader:
    """Two indexes in two partitions, with 100, 0, 300 and 2 members."""
    for key, first, size in ((key_a(0), 0, 100), (key_a(1), 1_000, 300), (key_b(1), 1_000, 2)):
        redis_client.zadd(key, {str(first + at): at for at in range(size)})
    return SampleReader(redis_client, 2)


def test_all_are_found_if_there_are_no_more(samples: SampleReader) -> None:
    found, size = samples.of([key_a], 400)
    assert (len(set(found)), size) == (400, 400)


def test_of_more_some_are_found_that_are_spread_evenly(samples: SampleReader) -> None:
    found, size = samples.of([key_a], 40)
    assert (len(set(found)), size) == (40, 400)
    numbers = sorted(int(one) for one in found)
    assert numbers == [*range(0, 100, 10), *range(1_000, 1_300, 10)]


def test_one_of_two_indexes_is_there_twice(samples: SampleReader) -> None:
    found, size = samples.of([key_a, key_b], 1_000)
    assert (len(found), len(set(found)), size) == (402, 400, 402)


def test_nothing_has_no_samples(samples: SampleReader) -> None:
    assert samples.of([lambda _partition: b"qh:{0}:sample:none"], 9) == ([], 0)
    assert samples.of([], 9) == ([], 0)
