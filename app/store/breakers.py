"""Circuit breakers of targets, shared by all workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from app.store import keys
from app.store.connection import StoreClient
from app.store.scripts import Argument, Scripts

MOST = 1_000
"""How many open breakers are looked at; beyond them, targets are tried as if all were well."""


class BreakerStore:
    """Which targets are left alone, and until when. Times are ms UTC."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def open(
        self, target: str, now_ms: int, *, first_ms: int, longest_ms: int, forget_ms: int
    ) -> int:
        """Open a target's breaker, if it is not; returns until when.

        It stays open for ``first_ms``, and with each time in a row for twice as long, at most
        ``longest_ms``. After ``forget_ms`` without another it begins anew.
        """
        args: list[Argument] = [target, now_ms, first_ms, longest_ms, forget_ms]
        return int(self._scripts("open_breaker", [keys.BREAKERS, keys.BREAKER_STEPS], args))

    def close(self, target: str) -> None:
        """Close a target's breaker: it is well."""
        pipe = self._client.pipeline(transaction=False)
        pipe.zrem(keys.BREAKERS, target)
        pipe.hdel(keys.BREAKER_STEPS.decode(), target)
        pipe.execute()

    def all(self, since_ms: int) -> dict[str, int]:
        """Targets whose breakers are open, or were until ``since_ms`` and have not closed."""
        found = self._client.zrangebyscore(
            keys.BREAKERS, since_ms, "+inf", start=0, num=MOST, withscores=True
        )
        pairs = cast("Sequence[tuple[bytes, float]]", found)
        return {target.decode(): int(until) for target, until in pairs}
