"""What alerts are made of, read from what the store lists anyway: a bounded look at each index.

No delivery writes anything for it. Moments are ms UTC; cursors are moments up to which an index was
read, so members of one millisecond are never split.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

from app.domain import ids
from app.domain.partition_count import Count, PartitionsNow
from app.store import keys
from app.store.alert_keys import MAX_SET_ASIDE, SET_ASIDE, SET_ASIDE_KEPT_MS
from app.store.connection import StoreClient
from app.store.leaves import have_leaves
from app.store.left_out import partitions_there

Ids = list[tuple[bytes, int]]


class SignalSlice(NamedTuple):
    """Members with their moments, and up to where the index is read now."""

    found: Ids
    cursor: int


class AlertSignals:
    """Reads. Every call raises ``StoreUnavailable``."""

    partitions = PartitionsNow()

    def __init__(self, client: StoreClient, partitions: Count) -> None:
        self._client = client
        self.partitions = partitions

    def failed(
        self, partition: int, after_ms: int, until_ms: int, most: int, kept: int
    ) -> SignalSlice:
        """Occurrences that ended in a stretch of time as dead letters, and are ones still.

        It looks at about ``most`` that ended, and returns about ``kept`` at most.
        """
        failed = keys.occurrences(partition, "failed")

        def are_failed(members: list[bytes]) -> list[bool]:
            scores = self._client.zmscore(failed, cast("list[str]", members))
            return [score is not None for score in scores]

        if not self._client.zcard(failed):
            return SignalSlice([], until_ms)
        return self._stretch(keys.ended(partition), (after_ms, until_ms), most, kept, are_failed)

    def ended_series(
        self, partition: int, after_ms: int, until_ms: int, most: int, kept: int
    ) -> SignalSlice:
        """Events that became inactive in a stretch of time: series, and few that occur once."""

        def are_series(members: list[bytes]) -> list[bool]:
            # Most that occur once list no occurrences: that saves reading them.
            listed = [keys.event_occurrences(partition, one) for one in members]
            own = self._client.read_each("EXISTS", listed)
            pairs = zip(own, have_leaves(self._client, listed), strict=True)
            return [bool(count) or has for count, has in pairs]

        index = keys.inactive(partition)
        return self._stretch(index, (after_ms, until_ms), most, kept, are_series)

    def set_aside(self, after_ms: int, until_ms: int) -> Ids:
        """Events that were set aside in a stretch of time."""
        return self._members(SET_ASIDE, after_ms, until_ms, MAX_SET_ASIDE)

    def retrying(self, count: int) -> list[bytes]:
        """The newest occurrences that wait for another attempt: about so many."""
        each = max(count // self.partitions, 1)
        pipe = self._client.pipeline(transaction=False)
        for partition in partitions_there(self.partitions):
            pipe.zrevrange(keys.occurrences(partition, "retrying"), 0, each - 1)
        found = cast("list[list[bytes]]", pipe.execute())
        for partition, some in zip(partitions_there(self.partitions), found, strict=True):
            ids.found_in(partition, some)
        return [one for some in found for one in some]

    def _stretch(
        self,
        index: bytes,
        between: tuple[int, int],
        most: int,
        kept: int,
        choose: Callable[[list[bytes]], list[bool]],
    ) -> SignalSlice:
        after_ms, until_ms = between
        members = self._members(index, after_ms, until_ms, most)
        if len(members) >= most:
            until_ms = members[-1][1]
        chosen: Ids = []
        if members:
            flags = choose([one for one, _ in members])
            chosen = [pair for pair, is_it in zip(members, flags, strict=True) if is_it]
        if len(chosen) > kept:
            until_ms = chosen[kept - 1][1]
            chosen = [pair for pair in chosen if pair[1] <= until_ms]
        return SignalSlice(chosen, until_ms)

    def _members(self, index: bytes, after_ms: int, until_ms: int, most: int) -> Ids:
        """Members above one moment, up to another; of the last millisecond all of them."""
        rows = self._client.zrangebyscore(
            index, f"({after_ms}", until_ms, start=0, num=most, withscores=True
        )
        found = [(one, int(score)) for one, score in cast("list[tuple[bytes, float]]", rows)]
        if len(found) == most:
            last = found[-1][1]
            peers = cast("list[bytes]", self._client.zrangebyscore(index, last, last))
            found = [pair for pair in found if pair[1] < last] + [(one, last) for one in peers]
        return found


def note_set_aside(client: StoreClient, event_id: bytes, now_ms: int) -> None:
    """List an event that was set aside."""
    pipe = client.pipeline(transaction=False)
    pipe.zadd(SET_ASIDE, {event_id: now_ms})
    pipe.zremrangebyrank(SET_ASIDE, 0, -MAX_SET_ASIDE - 1)
    pipe.pexpire(SET_ASIDE, SET_ASIDE_KEPT_MS)
    pipe.execute()
