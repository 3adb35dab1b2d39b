"""How late deliveries were, minute by minute, for a day.

The key is in the form of ``keys``::

    qh:{lateness}                     zset    '<minute>:<p50>:<p99>:<most>:<size>' → minute; ms

Minutes are those in which deliveries ended: such a minute is over when it is over. Nothing is noted
of a minute in which none did, and no more than a day is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from app.domain.partition_count import Count, PartitionsNow
from app.store import keys
from app.store.connection import StoreClient
from app.store.figures import MINUTE_MS
from app.store.left_out import partitions_there
from app.store.reading import highest_score

LATENESS = b"qh:{lateness}"

KEPT_MS = 25 * 60 * MINUTE_MS
"""How long a minute is kept: a day, and an hour for who looks at one that has begun."""


class MinuteOfLateness(NamedTuple):
    """How late first attempts began, ms, of ``size`` deliveries that ended in a minute."""

    minute_ms: int
    p50: int
    p99: int
    most: int
    size: int


class LatenessLog:
    """Notes lateness, and finds what it is made of."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, partitions: Count) -> None:
        self._client = client
        self._partitions = partitions

    def last_ms(self) -> int | None:
        """The last minute that is noted."""
        return highest_score(self._client, LATENESS)

    def sample(self, minute_ms: int, size: int) -> list[bytes]:
        """Occurrences that ended in a minute: at most so many, spread evenly over all of them.

        Many may have ended together: of such a group as many are taken as befits its size.
        """
        each = max(size // self._partitions, 1)
        return [
            one
            for partition in partitions_there(self._partitions)
            for one in self._in(partition, minute_ms, each)
        ]

    def _in(self, partition: int, minute_ms: int, size: int) -> list[bytes]:
        places = (keys.ended(partition), keys.endings(partition))
        pipe = self._client.pipeline(transaction=False)
        for place in places:
            pipe.zcount(place, "-inf", f"({minute_ms}")
            pipe.zcount(place, minute_ms, minute_ms + MINUTE_MS - 1)
        counts = cast("list[int]", pipe.execute())
        ranks = [
            [rank + one for one in _evenly(count, size)] for rank, count in (counts[:2], counts[2:])
        ]
        for place, some in zip(places, ranks, strict=True):
            for rank in some:
                pipe.zrange(place, rank, rank)
        found = cast("list[list[bytes]]", pipe.execute() if any(ranks) else [])
        members = [member for some in found for member in some]
        singles, groups = members[: len(ranks[0])], members[len(ranks[0]) :]
        together = [group[at : at + 16] for group in groups for at in range(0, len(group), 16)]
        # How many ended in groups, if those that were not read are like those that were.
        in_groups = len(together) * counts[3] // max(len(groups), 1)
        of_groups = round(size * in_groups / max(in_groups + counts[1], 1))
        return [
            *(singles[one] for one in _evenly(len(singles), size - of_groups)),
            *(together[one] for one in _evenly(len(together), of_groups)),
        ]

    def note(self, minutes: Sequence[MinuteOfLateness]) -> None:
        """Note minutes, the newest last, and forget those that are too old."""
        if not minutes:
            return
        pipe = self._client.pipeline(transaction=True)
        for one in minutes:
            pipe.zremrangebyscore(LATENESS, one.minute_ms, one.minute_ms)
            pipe.zadd(LATENESS, {":".join(map(str, one)).encode(): one.minute_ms})
        pipe.zremrangebyscore(LATENESS, "-inf", minutes[-1].minute_ms - KEPT_MS)
        pipe.execute()

    def since(self, first_ms: int) -> list[MinuteOfLateness]:
        """The minutes that are noted from a moment on, oldest first."""
        found: Any = self._client.zrangebyscore(LATENESS.decode(), first_ms, "+inf")
        return [MinuteOfLateness(*map(int, one.split(b":"))) for one in found]


def _evenly(count: int, size: int) -> list[int]:
    """Numbers below a count, at most so many, spread evenly, the first and the last among them."""
    taken = min(size, count)
    return [number * (count - 1) // max(taken - 1, 1) for number in range(taken)]
