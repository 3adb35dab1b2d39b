"""Which shard of a cluster has which partition, and reads that do without one that is away."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from redis.crc import key_slot

from app.domain.partition_count import Count, PartitionsNow
from app.errors import ShardUnavailable, StoreUnavailable
from app.store import keys
from app.store.connection import StoreClient
from app.store.left_out import leaving_out, left_out

Answer = TypeVar("Answer")


_NOBODY = b"lease-of-nobody"


def if_there(read: Callable[[], Answer]) -> Answer | None:
    """What is read; ``None``: the shard of a cluster that has it is away."""
    try:
        return read()
    except ShardUnavailable:
        return None


def keys_there(client: StoreClient, some: Sequence[bytes]) -> Sequence[bytes]:
    """Those of some keys outside partitions that are on no shard that this context leaves out."""
    missing = left_out()
    if not missing:
        return some
    shards = Shards(client, 0)
    gone = {shards.node_of(one) for one in missing}
    return [one for one in some if shards.node_with(one) not in gone]


def each_there(partitions: Iterable[int], do: Callable[[int], int]) -> int:
    """Do something in each partition, and return the sum of its answers.

    One whose shard is away keeps nobody from the others: it is looked at again the next time.
    """
    return sum(if_there(partial(do, one)) or 0 for one in partitions)


class Shards:
    """The shards that have the partitions; a store on one server has one, and it has all."""

    partitions = PartitionsNow()

    def __init__(self, client: StoreClient, partitions: Count) -> None:
        self._client = client
        self.partitions = partitions

    def of(self, node: str) -> frozenset[int]:
        """The partitions that a node has now."""
        return frozenset(one for one in range(self.partitions) if self.node_of(one) == node)

    def node_of(self, partition: int) -> str:
        """The node that has a partition, ``host:port``; "": none serves it, or all do together."""
        return self.node_with(keys.prefix(partition))

    def node_with(self, key: bytes) -> str:
        """The same of a key."""
        try:
            return self._client.node_of(key)
        except ShardUnavailable as error:
            return error.node

    def any(self) -> int:
        """A partition for what may be in any; none whose shard is known to be away, if it can be.

        Of that the client knows after some seconds at most. Until then what is sent there fails.
        """
        count = self.partitions
        chosen = random.randrange(count)  # noqa: S311 - spreads load, no secret
        if self._is_there(chosen):
            return chosen
        there = [one for one in range(count) if self._is_there(one)]
        return random.choice(there) if there else chosen  # noqa: S311

    def _known_away(self) -> frozenset[int]:
        """The partitions that are known to be away; none if all are: then whoever reads says so."""
        if not self._client.is_cluster:
            return frozenset()
        count = self.partitions
        away = frozenset(one for one in range(count) if not self._is_there(one))
        return away if len(away) < count else frozenset()

    def _is_there(self, partition: int) -> bool:
        return if_there(partial(self._client.node_of, keys.prefix(partition))) is not None

    def away(self) -> dict[str, frozenset[int]]:
        """The nodes with partitions that take no writes, and which partitions these are.

        One on which nobody serves a partition is called "".
        """
        if not self._client.is_cluster:
            return {}
        return {
            node: self.of(node)
            for node, reply in self._written().items()
            if isinstance(reply, StoreUnavailable)
        }

    def check_writable(self) -> None:
        """Raise ``StoreUnavailable`` unless a shard takes writes."""
        replies = self._written().values()
        if not any(isinstance(one, int) for one in replies):
            raise next((one for one in replies if isinstance(one, Exception)), StoreUnavailable)

    def _written(self) -> dict[str, Any]:
        """What each node with partitions says to a write that changes nothing."""
        nodes = {self.node_of(one): one for one in range(self.partitions)}
        write = [("ZADD", keys.leases(one), "XX", 0, _NOBODY) for one in nodes.values()]
        return dict(zip(nodes, self._client.together(write), strict=True))

    def read(self, read: Callable[[], Answer]) -> Answer:
        """Read what is there: ``read`` runs again without the partitions of a shard that is away.

        It must do nothing but read. While it runs ``left_out`` tells what it does without. Raises
        ``StoreUnavailable`` if what is away has none of the partitions, or all that there are.
        """
        missing = self._known_away()
        while True:
            with leaving_out(missing):
                try:
                    return read()
                except ShardUnavailable as error:
                    more = self._without(error) - missing
                    missing |= more
                    if not more or len(missing) >= self.partitions:
                        raise

    def _without(self, error: ShardUnavailable) -> frozenset[int]:
        """The partitions to do without: that of a slot that moves, or all of a node."""
        count = self.partitions if error.slot is not None else 0
        moving = frozenset(one for one in range(count) if key_slot(keys.prefix(one)) == error.slot)
        return moving or self.of(error.node)
