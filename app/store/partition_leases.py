"""Leases of drains on their share of the partitions.

They keep drains from asking for each other's work. They protect nothing: each occurrence has a
lease of its own, so two drains that serve one partition for a while do no harm.

    key                   type    member → score
    qh:{shares}           zset    drain → when its lease ends; those that claim (a minute)
    qh:{shares}:places    zset    drain → 0; the same, in the order of their names (a minute)
    qh:wake:shares        channel the drain that has come, has gone, or saw that another has gone
"""

from __future__ import annotations

from typing import Any, NamedTuple

import redis

from app.domain.partition_share import Rank
from app.errors import StoreUnavailable
from app.store import keys
from app.store.connection import StoreClient, translate
from app.store.scripts import Argument, Scripts

LEASES = b"qh:{shares}"
PLACES = b"qh:{shares}:places"
WAKE = b"qh:wake:shares"
KEPT_MS = 60_000

_SCRIPT = "share_partitions"
_LOST = redis.exceptions.NoScriptError
"""The store has forgotten the script."""


class Renewed(NamedTuple):
    """What a drain learns with its lease."""

    rank: Rank
    first_end_ms: int
    """When the first of all leases ends, ms UTC, unless it is renewed."""


class PartitionLeases:
    """The leases of all drains."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def renew(self, drain: str, now_ms: int, until_ms: int, alive_until_ms: int) -> Renewed:
        """Renew a drain's lease until a moment, and say until when it counts as alive, if it does.

        That is one round trip. Raises ``StoreUnavailable``.
        """
        args: list[Argument] = [drain, now_ms, until_ms, KEPT_MS]
        answer: Any = None
        if alive_until_ms > now_ms:
            script = ("EVALSHA", self._scripts.text(_SCRIPT).sha, 2, LEASES, PLACES, *args)
            alive = ("ZADD", keys.DRAINS, alive_until_ms, drain)
            for answer in self._client.together([alive, script]):
                if isinstance(answer, redis.exceptions.RedisError) and not isinstance(
                    answer, _LOST
                ):
                    raise translate(answer, self._client.connection_pool)
                if isinstance(answer, StoreUnavailable):  # one shard of a cluster
                    raise answer
        if answer is None or isinstance(answer, _LOST):
            answer = self._scripts(_SCRIPT, [LEASES, PLACES], args)
        at, drains, first_end_ms = answer
        return Renewed(Rank(int(at), int(drains)), int(first_end_ms))

    def end(self, drain: str, now_ms: int) -> None:
        """End a drain's lease: the others share what it has served."""
        self._scripts(_SCRIPT, [LEASES, PLACES], [drain, now_ms, "", KEPT_MS])
