"""Flows at rest: which there are, their limits, and how many occurrences wait or are under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from app.domain.flow import FlowLimits
from app.domain.partition_count import Count, PartitionsNow
from app.domain.rates import Rate
from app.store import flow_keys, keys
from app.store.connection import StoreClient
from app.store.fields import FlowField
from app.store.left_out import partitions_there
from app.store.scripts import Argument, ScriptCall, Scripts
from app.store.shards import keys_there

_FIELDS = (
    FlowField.RATE_COUNT,
    FlowField.RATE_PERIOD,
    FlowField.BURST,
    FlowField.CONCURRENCY,
    FlowField.STRICT,
    FlowField.PAUSED,
    FlowField.SET_BY,
)

Changes = Mapping[str, str | int]
"""Fields of the hash; an empty text clears one."""


@dataclass(frozen=True, slots=True)
class StoredFlow:
    """A flow as it stands now."""

    name: str
    limits: FlowLimits
    paused: bool
    set_by_user: bool
    waiting: int
    in_flight: int
    events: int


class FlowStore:
    """Reads and changes flows of every space."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, scripts: Scripts, partitions: Count) -> None:
        self._client = client
        self._scripts = scripts
        self._partitions = partitions
        self._keys = flow_keys.FlowKeys(is_cluster=client.is_cluster)

    def set(self, name: str, changes: Changes, now_ms: int, *, by_user: bool) -> None:
        """Make a flow known and change limits of it; an event changes none that a user has set."""
        self._scripts("set_flow", *self._setting(name, changes, now_ms, by_user=by_user))

    def set_by_events(self, flows: Sequence[tuple[str, Changes]], now_ms: int) -> None:
        """Do for many flows in one round trip what ``set`` does for one, as events do it."""
        self._scripts.each(
            "set_flow",
            [self._setting(name, changes, now_ms, by_user=False) for name, changes in flows],
        )

    def names(self, space: str | None, after: str | None, limit: int) -> list[str]:
        """Names in their order, of one space or of all (``None``), those after one first."""
        low = "-" if space is None else f"[{space}/"
        if after is not None:
            low = f"({after}"
        high = "+" if space is None else f"({space}0"  # "0" is what follows "/"
        rest = (low, high, "LIMIT", 0, limit)
        found = self._client.read_each("ZRANGEBYLEX", self._indexes, *rest)
        return [name.decode() for name in islice(merge(*found), limit)]

    def count(self, space: str | None) -> int:
        """How many there are, in one space or in all."""
        if space is None:
            return sum(self._client.read_each("ZCARD", self._indexes))
        bounds = (f"[{space}/", f"({space}0")
        return sum(self._client.read_each("ZLEXCOUNT", self._indexes, *bounds))

    @property
    def _indexes(self) -> Sequence[bytes]:
        """What lists flows, but for what this context leaves out."""
        return keys_there(self._client, self._keys.indexes)

    def get_many(self, names: Sequence[str], now_ms: int) -> list[StoredFlow | None]:
        """Read several; ``None`` where there is none."""
        pipe = self._client.pipeline(transaction=False)
        there = partitions_there(self._partitions)
        for name in names:
            raw = name.encode()
            pipe.zscore(self._keys.index(raw), raw)
            pipe.hmget(self._keys.flow(raw).decode(), list(_FIELDS))
            pipe.zcount(self._keys.busy(raw), now_ms, "+inf")
            for partition in there:
                pipe.zcard(keys.flow_waiting(partition, raw))
                pipe.zcard(keys.flow_events(partition, raw))
        replies = pipe.execute()
        size = 3 + 2 * len(there)
        found: list[StoredFlow | None] = []
        for at, name in enumerate(names):
            known, fields, busy, *counts = replies[at * size : (at + 1) * size]
            if known is None:
                found.append(None)
                continue
            waiting, events = sum(counts[::2]), sum(counts[1::2])
            found.append(_flow(name, fields, waiting, busy, events))
        return found

    def pause(self, name: str, *, paused: bool) -> None:
        """Pause or resume a flow: while it is paused, nothing of it is sent."""
        key = self._keys.flow(name.encode()).decode()
        if paused:
            self._client.hset(key, FlowField.PAUSED, "1")
        else:
            self._client.hdel(key, FlowField.PAUSED)

    def forget_unused(self, before_ms: int, now_ms: int, limit: int) -> int:
        """Forget flows in which there is no event and which nobody has used since a moment.

        Returns how many were looked at (on a cluster so many under each tag); fewer than ``limit``
        means that none is left. Those that are still needed count as used now.
        """
        indexes = self._keys.indexes
        rest = ("-inf", f"({before_ms}", "LIMIT", 0, limit)
        found = self._client.read_each("ZRANGEBYSCORE", map(flow_keys.used, indexes), *rest)
        for index, raw in zip(indexes, found, strict=True):
            if raw:
                self._forget_these(index, [name.decode() for name in raw], before_ms, now_ms)
        return sum(map(len, found))

    def _forget_these(
        self, index: bytes, names: Sequence[str], before_ms: int, now_ms: int
    ) -> None:
        used = flow_keys.used(index)
        pipe, unused = self._client.pipeline(transaction=False), []
        for name, flow in zip(names, self.get_many(names, before_ms), strict=True):
            if flow is not None and (flow.events or flow.waiting or flow.in_flight or flow.paused):
                pipe.zadd(used, {name: now_ms})
            else:
                unused.append(name)
        pipe.execute()
        if unused:
            # An event that joins one just now has used it: it is looked at again.
            args: list[Argument] = [flow_keys.prefix(index), before_ms, *unused]
            self._scripts("forget_flows", [index, used], args)

    def _setting(self, name: str, changes: Changes, now_ms: int, *, by_user: bool) -> ScriptCall:
        index = self._keys.index(name.encode())
        args: list[Argument] = [flow_keys.prefix(index), name, now_ms]
        args.append("user" if by_user else "event")
        for field, value in changes.items():
            args += [field, value]
        return [index, flow_keys.used(index)], args


def _flow(
    name: str, fields: Sequence[bytes | None], waiting: int, busy: int, events: int
) -> StoredFlow:
    count, period, burst, concurrency, strict, paused, by = fields
    limits = FlowLimits(
        rate=Rate(int(count), int(period)) if count and period else None,
        burst=int(burst or 1),
        concurrency=int(concurrency) if concurrency else None,
        strict=strict is not None,
    )
    return StoredFlow(name, limits, paused is not None, by == b"user", waiting, busy, events)


def given_by_event(limits: FlowLimits) -> Changes:
    """What an event's own limits change: those that it gives."""
    return {name: value for name, value in all_of(limits).items() if value != ""}


def all_of(limits: FlowLimits) -> Changes:
    """Every limit, those that are not there cleared."""
    rate = limits.rate
    return {
        FlowField.RATE_COUNT: rate.count if rate else "",
        FlowField.RATE_PERIOD: rate.period_ms if rate else "",
        FlowField.BURST: limits.burst if limits.burst > 1 else "",
        FlowField.CONCURRENCY: limits.concurrency or "",
        FlowField.STRICT: 1 if limits.strict else "",
    }
