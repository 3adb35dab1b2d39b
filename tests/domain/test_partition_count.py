"""A number that may rise while it is used."""

from __future__ import annotations

import operator

from app.domain.partition_count import Count, PartitionCount, PartitionsNow


class Holder:
    partitions = PartitionsNow()

    def __init__(self, partitions: Count) -> None:
        self.partitions = partitions


def test_who_holds_it_has_the_number_as_it_is_now() -> None:
    count = PartitionCount(2)
    plain, looking, taking = Holder(7), Holder(count), Holder(count.for_new)
    with_canary = Holder(count.and_one())
    assert (looking.partitions, taking.partitions, with_canary.partitions) == (2, 2, 3)
    count.follow(5, 2)
    assert (looking.partitions, taking.partitions, with_canary.partitions) == (5, 2, 6)
    count.follow(5, 5)
    assert (looking.partitions, taking.partitions) == (5, 5)
    assert plain.partitions == 7


def test_it_never_falls_once_it_is_known() -> None:
    """What the settings have is a guess until the store was asked."""
    count = PartitionCount(8)
    count.starts(2, 2)
    assert (operator.index(count), operator.index(count.for_new)) == (2, 2)
    count.follow(4, 4)
    count.follow(2, 2)
    assert (operator.index(count), operator.index(count.for_new)) == (4, 4)
