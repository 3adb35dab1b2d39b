"""How late deliveries were, minute by minute, for a day.

The key is in the form of ``keys``::

    qh:{lateness}                     zset    '<minute>:<p50>:<p99>:<most>:<size>' → minute; ms

Minutes are those in which deliveries ended: such a minute is over when it is over. Nothing is noted
of a minute in which none did, and no more than a day is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from app.store import keys
from app.store.connection import StoreClient
from app.store.figures import MINUTE_MS
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

    def __init__(self, client: StoreClient, partitions: int) -> None:
        self._client = client
        self._partitions = partitions

    def last_ms(self) -> int | None:
        """The last minute that is noted."""
        return highest_score(self._client, LATENESS)

    def sample(self, minute_ms: int, size: int) -> list[bytes]:
        """Occurrences that ended in a minute: at most so many, spread evenly over all of them."""
        places = [keys.ended(partition) for partition in range(self._partitions)]
        pipe = self._client.pipeline(transaction=False)
        for place in places:
            pipe.zcount(place, "-inf", f"({minute_ms}")
            pipe.zcount(place, minute_ms, minute_ms + MINUTE_MS - 1)
        counts = cast("list[int]", pipe.execute())
        each, picks = max(size // self._partitions, 1), 0
        for at, place in enumerate(places):
            rank, count = counts[2 * at : 2 * at + 2]
            taken = min(each, count)
            picks += taken
            for number in range(taken):
                one = rank + (number * (count - 1) // max(taken - 1, 1))
                pipe.zrange(place, one, one)
        found = cast("list[list[bytes]]", pipe.execute() if picks else [])
        return [one for some in found for one in some]

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
