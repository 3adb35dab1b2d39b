"""What comes first in each partition: when a drain looks again, and what it does at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.store.work import WorkStore

MAX_SLEEP_MS = 500
"""How often a drain looks at least: for expired leases, and for wake-ups that got lost."""


class Looked(NamedTuple):
    """When to claim next, and when to look at flows for which something waits; ms UTC."""

    next_ms: int
    flow_ms: list[int]


def look_at_heads(
    work: WorkStore,
    overdue: Callable[[int, int], int],
    now_ms: int,
    ahead_ms: int,
    *,
    reclaims: bool,
) -> Looked:
    """Find out when the next is due; deal with expired leases and overdue acknowledgements.

    ``reclaims``: whether leases that have expired may be somebody else's. ``overdue`` fails what
    was not acknowledged in time, given a partition and ms UTC.
    """
    until, flow_ms = now_ms + MAX_SLEEP_MS, []
    for partition, head in enumerate(work.heads()):
        if reclaims and head.lease_ms is not None and head.lease_ms <= now_ms:
            work.reclaim_expired(partition, now_ms)
            until = now_ms
        if head.ack_ms is not None and head.ack_ms <= now_ms:
            overdue(partition, now_ms)
            until = now_ms
        if head.due_ms is not None:
            until = min(until, head.due_ms - ahead_ms)
        if head.flow_ms is not None:
            flow_ms.append(head.flow_ms)
        if head.ack_ms is not None:
            until = min(until, head.ack_ms)
    return Looked(until, flow_ms)
