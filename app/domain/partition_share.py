"""Which partitions a drain serves: they are shared out evenly among the drains that are there.

Every drain knows how many drains there are, and its own rank among them. So all agree without
asking each other, and none has to know the others.
"""

from __future__ import annotations

from typing import NamedTuple


class Rank(NamedTuple):
    """The rank of a drain among so many, counted from 0."""

    at: int
    drains: int


def share_of(rank: Rank, partitions: int) -> tuple[int, ...]:
    """Return the partitions that a drain serves, in order.

    Each partition has a drain. With no more drains than partitions it has one, and drains differ by
    one partition at most. With more, each drain serves one, and partitions differ by one drain at
    most: so a single partition has all drains.
    """
    if rank.drains > partitions:
        return (rank.at % partitions,)
    return tuple(range(rank.at, partitions, rank.drains))
