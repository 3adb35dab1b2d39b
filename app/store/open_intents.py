"""Intents at rest: beside the audit log, or elsewhere on a cluster while the log's shard is away.

A change is made only after its intent, so that shard would stop every change while it is away. Then
an intent goes under another tag, of those that are for this. Beside the log it is deleted in the
step that adds its entry; elsewhere in a step of its own. If that is lost, the log still knows for
an hour that the entry is there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol, cast

from app.errors import ShardUnavailable, StoreUnavailable
from app.store import keys
from app.store.audit_intents import Command, noted_at
from app.store.connection import StoreClient
from app.store.reads_there import read_there
from app.store.spread import SPREAD, HashTags

KNOWN_MS = 3_600_000
"""How long the log of a cluster knows of an intent that its entry is written."""

_first = os.getpid() % SPREAD
"""The tag that this process takes while its shard answers and that of the log does not."""


def intents_in(*, is_cluster: bool) -> Sequence[bytes]:
    """The keys of all intents; the first is beside the log."""
    elsewhere = HashTags(b"audit", is_spread=True).all if is_cluster else []
    return [keys.AUDIT_INTENTS, *(tag + b":intents" for tag in elsewhere)]


_PLACES = intents_in(is_cluster=True)


class ClusterStore(Protocol):
    """What intents are noted on: the client of a cluster."""

    def node_of(self, key: bytes) -> str:
        """The node that serves a key."""

    def direct(self, *command: Any) -> Any:
        """Run a command."""


def note_on_cluster(client: ClusterStore, noting: Command) -> None:
    """Note an intent where a shard answers; raises ``StoreUnavailable`` if none does."""
    global _first  # noqa: PLW0603 - a fact about the process: where its intents are
    _, _, intent, value = noting
    away: set[str] = set()
    refusal = StoreUnavailable()
    for number in _order():
        try:
            if client.node_of(_PLACES[number]) in away:
                continue
            client.direct("HSET", _PLACES[number], intent, value)
        except ShardUnavailable as error:
            away.add(error.node)
            refusal = error
            continue
        if number:
            noted_at(number)
            _first = number - 1
        return
    raise refusal


def _order() -> Iterator[int]:
    yield 0
    for step in range(SPREAD):
        yield 1 + (_first + step) % SPREAD


class OpenIntents:
    """What requests were about to change."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client
        self._places = intents_in(is_cluster=client.is_cluster)

    def all(self) -> Iterator[tuple[str, int, str]]:
        """Read them: name, since when (ms) and JSON of each. Those on a dead shard are left out."""
        sizes = read_there(self._client, "HLEN", self._places)
        for number, (key, size) in enumerate(zip(self._places, sizes, strict=True)):
            with suppress(ShardUnavailable):
                for intent, value in (
                    self._client.hscan_iter(key.decode(), count=256) if size else ()
                ):
                    since_ms, _, text = cast("bytes", value).decode(errors="replace").partition(" ")
                    name = cast("bytes", intent).decode(errors="replace")
                    # What is none of ours is as old as can be.
                    is_ours = since_ms.isascii() and since_ms.isdigit()
                    place = f"@{number}" if number else ""
                    yield name + place, int(since_ms) if is_ours else 0, text

    def delete(self, names: Iterable[str]) -> None:
        """Delete some, by their names."""
        by_place: dict[int, list[str]] = {}
        for name in names:
            intent, _, place = name.partition("@")
            by_place.setdefault(int(place or 0), []).append(intent)
        for number, intents in by_place.items():
            self._client.direct("HDEL", self._places[number], *intents)

    def are_settled(self, names: Iterable[str]) -> None:
        """Delete those whose entry is written, if that was not in the same step."""
        if elsewhere := [name for name in names if "@" in name]:
            with suppress(StoreUnavailable):
                self.delete(elsewhere)
