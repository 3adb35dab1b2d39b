"""What the hosts of workers lack: which faults there were lately, and how many in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from app.store import keys
from app.store.connection import StoreClient


class LocalFaultStore:
    """Faults are words of ``app.domain.outcome``; times are ms UTC."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def count(self, faults: Mapping[str, int], now_ms: int) -> None:
        """Count deliveries that were put off, by fault."""
        pipe = self._client.pipeline(transaction=False)
        for fault, count in faults.items():
            pipe.zadd(keys.LOCAL_FAULTS, {fault: now_ms})
            pipe.zincrby(keys.LOCAL_FAULT_COUNTS, count, fault)
        pipe.execute()

    def since(self, since_ms: int) -> list[str]:
        """The faults that there were since a moment."""
        found = self._client.zrangebyscore(keys.LOCAL_FAULTS, since_ms, "+inf")
        return [fault.decode() for fault in cast("Sequence[bytes]", found)]

    def totals(self) -> dict[str, int]:
        """How many deliveries each fault has put off, ever."""
        found = self._client.zrange(keys.LOCAL_FAULT_COUNTS, 0, -1, withscores=True)
        pairs = cast("Sequence[tuple[bytes, float]]", found)
        return {fault.decode(): int(count) for fault, count in pairs}
