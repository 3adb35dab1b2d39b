"""Roll-ups of what was recorded: minutes, hours and days, each a compressed string.

The scripts that record count at the same moment, in their partition: so nothing is counted twice,
and nothing is recorded without being counted, whatever process dies. What is counted there is taken
from time to time and added to the roll-ups. That is done in two steps, since they are not in one
slot, and what is taken has a name: it is added once, whoever begins or repeats it.
"""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from app.domain.partition_count import Count, PartitionsNow
from app.domain.stats import Cell, Cells, Counts
from app.store.connection import StoreClient
from app.store.scripts import Argument, Scripts
from app.store.stats_keys import STATE, STEPS, bucket, counted, taken

_LEVEL = 1
"""zlib's fastest: most of what a bucket has is said again and again."""

Bucket = tuple[str, int]
"""A step and the number of the bucket."""


class State(NamedTuple):
    """Which roll-ups there are, to notice that another process was faster."""

    version: bytes
    done: Mapping[int, bytes]
    """By partition, what was added last."""


class Taken(NamedTuple):
    """What was counted in one partition and is not in the roll-ups yet."""

    partition: int
    name: bytes
    counts: Sequence[tuple[int, str, int]]
    """Minute (its number), stat and how often."""


class StatsStore:
    """Takes, reads and writes. Every call raises ``StoreUnavailable``."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, scripts: Scripts, partitions: Count) -> None:
        self._client = client
        self._scripts = scripts
        self._partitions = partitions

    def state(self) -> State:
        """What was rolled up last."""
        found = cast("dict[bytes, bytes]", self._client.hgetall(STATE.decode()))
        version = found.pop(b"version", b"")
        return State(version, {int(partition): name for partition, name in found.items()})

    def take(self, state: State) -> list[Taken]:
        """Take what is to be rolled up; what was taken before and not added is taken again."""
        name = secrets.token_bytes(8)
        # What is on a shard that is away is taken when that is back.
        answers = self._scripts.those_there(
            "take_stats",
            [
                ((counted(partition), taken(partition)), (state.done.get(partition, b""), name))
                for partition in range(self._partitions)
            ],
        )
        return [_taken(partition, answer) for partition, answer in enumerate(answers) if answer]

    def add(
        self, state: State, some: Sequence[Taken], buckets: Mapping[Bucket, Cells], now_ms: int
    ) -> bool:
        """Write buckets with what was taken in them; returns whether nobody was faster."""
        args: list[Argument] = [state.version]
        for one in some:
            args += [one.partition, one.name, ""]
        for (step, number), cells in buckets.items():
            size_ms, kept_ms = STEPS[step]
            left_ms = (number + 1) * size_ms + kept_ms - now_ms
            if left_ms > 0:
                args += [f"{step}:{number}", _packed(cells), left_ms]
        return bool(self._scripts("merge_stats", [STATE], args))

    def read(self, buckets: Sequence[Bucket]) -> list[Cells]:
        """Read buckets; one in which nothing was recorded is empty."""
        if not buckets:
            return []
        names = [bucket(*one) for one in buckets]
        found = cast("list[bytes | None]", self._client.mget(names))
        return [{} if packed is None else _unpacked(packed) for packed in found]


def _taken(partition: int, answer: Sequence[bytes]) -> Taken:
    fields = dict(zip(answer[::2], answer[1::2], strict=True))
    name = fields.pop(b"")
    counts = []
    for field, count in fields.items():
        minute, _, stat = field.decode().partition("\t")
        counts.append((int(minute), stat, int(count)))
    return Taken(partition, name, counts)


def _packed(cells: Cells) -> bytes:
    named = {"\t".join(cell): counts for cell, counts in cells.items()}
    return zlib.compress(json.dumps(named, separators=(",", ":")).encode(), _LEVEL)


def _unpacked(packed: bytes) -> Cells:
    named: dict[str, dict[str, Any]] = json.loads(zlib.decompress(packed))
    return {Cell(*name.split("\t")): Counts(counts) for name, counts in named.items()}
