"""Partitions that a read leaves out, because the shard that has them is away.

On a cluster, a list is read from every shard. While one is away, the others are read without it,
and the caller is told how many partitions are missing. Only reads that ask for it do so. All else
fails on a shard that is away: a job that passed over its events would never come back to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from app.domain import ids

_left_out: ContextVar[frozenset[int]] = ContextVar("left_out", default=frozenset())
_only: ContextVar[int | None] = ContextVar("only", default=None)


def partitions_there(partitions: int) -> Sequence[int]:
    """Those of so many partitions that this context reads: all that it does not leave out.

    What is in one partition alone is read or fails.
    """
    missing, only = _left_out.get(), _only.get()
    if partitions == 1 or (only is None and not missing):
        return range(partitions)
    if only is not None:
        return [only]
    return [one for one in range(partitions) if one not in missing]


def left_out() -> frozenset[int]:
    """The partitions that this context leaves out."""
    return _left_out.get()


@contextmanager
def reading_only(partition: int) -> Iterator[None]:
    """Have lists in this context read one partition, as all that they select is there."""
    token = _only.set(partition)
    try:
        yield
    finally:
        _only.reset(token)


@contextmanager
def leaving_out(partitions: Collection[int]) -> Iterator[None]:
    """Have reads in this context leave partitions out."""
    token = _left_out.set(frozenset(partitions))
    try:
        yield
    finally:
        _left_out.reset(token)


def events_there(event_ids: Sequence[bytes]) -> list[bytes]:
    """Those of some events that this context does not leave out."""
    missing = _left_out.get()
    return [one for one in event_ids if ids.partition_of_event(one) not in missing]
