"""What processes tell each other through the store: who drains, when to wake, how it is cut."""

from __future__ import annotations

import re
import secrets
import select
from typing import Any, NamedTuple, cast

import redis

from app.errors import StoreUnavailable
from app.store import keys, partition_leases
from app.store.connection import StoreClient
from app.store.growth import FIELDS, PartitionNumbers, read_numbers
from app.store.meta_field import MetaField


class Coordination:
    """Signals and small shared facts; none of it is needed for correctness of the record."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def agree_on_partitions(self, partitions: int) -> PartitionNumbers:
        """Note the number of partitions on first use, and have ids go by what the store has.

        Returns that. Raises ``ConfigError`` if it is not what a process with these settings can
        begin with: ids name their partition.
        """
        self._client.hsetnx(keys.META.decode(), MetaField.PARTITIONS, str(partitions))
        numbers = self._numbers()
        numbers.require(partitions)
        numbers.keep()
        return numbers

    def follow_partitions(self) -> int:
        """Have ids go by how this store is cut, and return how many partitions it has; 0: none."""
        numbers = self._numbers()
        numbers.keep()
        return numbers.for_new

    def _numbers(self) -> PartitionNumbers:
        raw = self._client.hmget(keys.META.decode(), FIELDS)
        return read_numbers(cast("list[bytes | None]", raw))

    def instance(self) -> str:
        """The name of the instance that this store belongs to, made on first use."""
        meta = keys.META.decode()
        self._client.hsetnx(meta, MetaField.INSTANCE, secrets.token_hex(8))
        return str(self._client.hget(meta, MetaField.INSTANCE), "ascii")  # type: ignore[arg-type]

    def time_us(self) -> int:
        """The store's clock, microseconds since 1970, UTC."""
        seconds, micros = self._client.time()
        return int(seconds) * 1_000_000 + int(micros)

    def check_writable(self) -> None:
        """Raise ``StoreUnavailable`` unless the store takes writes: a full one does not."""
        self._client.zadd(keys.DRAINS, {b"": 0}, xx=True)  # changes nothing, as nobody is b""

    def drain_alive(self, drain: str, until_ms: int) -> None:
        """Say that a drain is at work until a moment; it says so again before."""
        self._client.zadd(keys.DRAINS, {drain: until_ms})

    def drain_gone(self, drain: str) -> None:
        """Say that a drain has ended."""
        self._client.zrem(keys.DRAINS, drain)

    def drains_alive(self, now_ms: int) -> int:
        """How many drains are at work; forgets those that fell silent."""
        pipe = self._client.pipeline(transaction=False)
        pipe.zremrangebyscore(keys.DRAINS, "-inf", f"({now_ms}")
        pipe.zcard(keys.DRAINS)
        return int(pipe.execute()[1])

    def wake_listener(self) -> WakeListener:
        """Listen for due times nearer than all that were known."""
        return WakeListener(self._client, keys.WAKE)

    def drain_listener(self) -> WakeListener:
        """Listen for these, and for drains that come and go."""
        return WakeListener(self._client, keys.WAKE, partition_leases.WAKE)

    def job_listener(self) -> WakeListener:
        """Listen for jobs in the background that are begun or go on."""
        return WakeListener(self._client, keys.WAKE_FOR_JOBS)

    def sweep_cursor(self, place: str) -> str:
        """Where the reconciliation of a place goes on."""
        raw = self._client.hget(self._sweep(place), place)
        return raw.decode() if isinstance(raw, bytes) else ""

    def move_sweep(self, place: str, cursor: str) -> None:
        """Remember where the reconciliation of a place goes on."""
        self._client.hset(self._sweep(place), place, cursor)

    def _sweep(self, place: str) -> str:
        """Where places are noted: in a cluster with their partitions, which may be there alone."""
        if not self._client.is_cluster:
            return keys.SWEEP.decode()
        return (keys.prefix(int(place.partition(":")[0])) + b"sweep").decode()


class Wakes(NamedTuple):
    """What was announced to a drain."""

    partitions: set[int]
    """Where something nearer has come up."""
    anywhere: bool
    """Something has come up, and it is not known where; or something may have been missed."""
    shares: bool
    """Drains have come or gone."""


_PARTITION = re.compile(rb"qh:\{(\d+)\}:")
"""What begins an announcement of one partition: as its keys do."""


class WakeListener:
    """Hears wake-ups; a lost connection counts as one, so nothing is slept through."""

    def __init__(self, client: StoreClient, *channels: bytes) -> None:
        self._channels = channels or (keys.WAKE,)
        # (What confirms the subscription counts as a wake-up: then no answer means that no more
        # has been received.)
        self._pubsub = client.pubsub()  # type: ignore[no-untyped-call]
        self._subscribed = False

    def fileno(self) -> int | None:
        """What becomes readable with a wake-up; ``None`` while there is no connection."""
        socket = getattr(self._pubsub.connection, "_sock", None)
        return None if socket is None else int(socket.fileno())

    def wait(self, timeout_s: float) -> bool:
        """Wait at most so long; returns whether something nearer was announced.

        Raises ``StoreUnavailable`` if the store is away.
        """
        return self._next(timeout_s) is not None

    def _next(self, timeout_s: float) -> dict[str, Any] | None:
        """The next message, as the client has it, if one comes in time."""
        try:
            if not self._subscribed:
                self._pubsub.subscribe(*self._channels)
                self._subscribed = True
                return {"type": "subscribe"}
            message: dict[str, Any] | None = self._pubsub.get_message(timeout=max(timeout_s, 0.0))
        except redis.exceptions.RedisError as error:
            self._subscribed = False
            raise StoreUnavailable from error
        else:
            return message

    def heard(self) -> bool:
        """Whether something nearer was announced since the last look; does not wait."""
        heard = False
        if self._has_news():
            while self.wait(0):
                heard = True
        return heard

    def news(self) -> Wakes | None:
        """What was announced since the last look, if anything; does not wait."""
        if not self._has_news():
            return None
        partitions: set[int] = set()
        anywhere = shares = heard = False
        while (message := self._next(0)) is not None:
            heard = True
            if message["type"] != "message":
                anywhere = shares = True
            elif message["channel"] == partition_leases.WAKE:
                shares = True
            elif found := _PARTITION.match(message["data"]):
                partitions.add(int(found[1]))
            else:
                anywhere = True
        return Wakes(partitions, anywhere=anywhere, shares=shares) if heard else None

    def _has_news(self) -> bool:
        """Whether it is worth to ask the client, which takes ten times as long to say no."""
        fileno = self.fileno()
        if not self._subscribed or fileno is None:
            return True
        poller = select.poll()
        poller.register(fileno, select.POLLIN)
        return bool(poller.poll(0))

    def close(self) -> None:
        """Let go of the connection."""
        self._pubsub.close()
