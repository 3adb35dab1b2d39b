"""The canary in the store: which one is under way, and how those before it fared.

Its events are in a partition of their own, which no list, no count and no quota looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import cast

from app.domain.event import EventStatus
from app.store import keys, watch_keys
from app.store.connection import StoreClient
from app.store.stats_keys import counted

_NUMBERS = ("sent", "arrived", "arrived_ms", "lateness_ms")


@dataclass(frozen=True, slots=True)
class CanaryFigures:
    """How canaries have fared; times are ms UTC, 0: none has arrived yet."""

    sent: int = 0
    arrived: int = 0
    arrived_ms: int = 0
    lateness_ms: int = 0
    """How long after its time the last one that arrived did so."""


class CanaryStore:
    """Notes and reads it; each call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def take_turn(self, period_ms: int) -> bool:
        """Whether it is time for the next one; of several processes one is told so."""
        return bool(self._client.set(watch_keys.CANARY_TURN, b"", nx=True, px=period_ms))

    def last_event(self) -> bytes | None:
        """The id of the event of the canary before."""
        return cast("bytes | None", self._client.hget(watch_keys.CANARY, "event"))

    def sends(self, event_id: bytes, webhook_id: str, due_ms: int) -> None:
        """Note which one is to arrive, and when: any other is none."""
        fields: dict[str, bytes | str | int] = {
            "event": event_id,
            "awaited": webhook_id,
            "due_ms": due_ms,
        }
        pipe = self._client.pipeline(transaction=False)
        pipe.hset(watch_keys.CANARY, mapping=fields)  # type: ignore[arg-type]
        pipe.hincrby(watch_keys.CANARY, "sent", 1)
        pipe.execute()

    def arrives(self, webhook_id: str, now_ms: int) -> bool:
        """Note that one has arrived; returns whether it was the one that is awaited.

        One that arrives again, since its answer got lost, is counted once.
        """
        awaited, last, due_ms = cast(
            "list[bytes | None]",
            self._client.hmget(watch_keys.CANARY, ["awaited", "last", "due_ms"]),
        )
        if awaited is None or awaited != webhook_id.encode():
            return False
        if last != awaited:
            fields = {
                "last": webhook_id,
                "arrived_ms": str(now_ms),
                "lateness_ms": str(max(0, now_ms - int(due_ms or now_ms))),
            }
            pipe = self._client.pipeline(transaction=False)
            pipe.hset(watch_keys.CANARY, mapping=fields)  # type: ignore[arg-type]
            pipe.hincrby(watch_keys.CANARY, "arrived", 1)
            pipe.execute()
        return True

    def events_in(self, partition: int) -> list[bytes]:
        """The events of a partition; of one that is the canary's, these are few."""
        places = [keys.events(partition, status) for status in EventStatus]
        return list(chain.from_iterable(self._client.read_each("ZRANGE", places, 0, -1)))

    def is_busy(self, partition: int) -> bool:
        """Whether anything is due or under way in a partition."""
        places = keys.lanes(partition), keys.leases(partition), keys.unacknowledged(partition)
        return any(self._client.read_each("ZCARD", places))

    def forget_counts(self, partition: int) -> None:
        """Forget what was counted in the canary's partition: nobody takes it for roll-ups."""
        self._client.delete(counted(partition).decode())

    def figures(self) -> CanaryFigures:
        """How they have fared."""
        found = cast("list[bytes | None]", self._client.hmget(watch_keys.CANARY, _NUMBERS))
        return CanaryFigures(*(int(one or 0) for one in found))
