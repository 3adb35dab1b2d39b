"""What waits for upkeep: a look in one round trip, so that upkeep need not try everything."""

from __future__ import annotations

from typing import Any

from app.domain.partition_count import Count, PartitionsNow
from app.errors import ShardUnavailable
from app.store import keys
from app.store.audit_archive import HOT, SEGMENT
from app.store.connection import StoreClient
from app.store.open_intents import intents_in


class Leftovers:
    """Tells whether dead processes, or moments that have come, have left anything to recover."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, partitions: Count) -> None:
        self._client = client
        self._partitions = partitions

    def exist(self, now_ms: int, claimed_before_ms: int) -> bool:
        """Whether there is any.

        These are leases, times to acknowledge and pauses that are over; successors of what was
        claimed before ``claimed_before_ms``; calendars that are replanned; requests whose entry the
        audit log lacks, or may lack soon; and so many of its entries that some are to be packed.
        """
        pipe = self._client.pipeline(transaction=False)
        pipe.xlen(keys.AUDIT)
        for intents in intents_in(is_cluster=self._client.is_cluster):
            pipe.hlen(intents.decode())
        pipe.hlen(keys.CALENDARS_PENDING.decode())
        for partition in range(self._partitions):
            for place in (keys.leases, keys.unacknowledged, keys.paused):
                pipe.zrangebyscore(place(partition), "-inf", now_ms, start=0, num=1)
            pipe.zrangebyscore(
                keys.unscheduled(partition), "-inf", claimed_before_ms, start=0, num=1
            )
        entries, *others = map(_told, pipe.execute(raise_on_error=False))
        return entries >= HOT + SEGMENT or any(others)


def _told(reply: Any) -> Any:
    """What was answered; of a shard that is away there is nothing to be done yet."""
    if isinstance(reply, ShardUnavailable):
        return 0
    if isinstance(reply, Exception):
        raise reply
    return reply
