"""Intents at rest: in one place on one server, under several hash tags on a cluster.

There a change is made only after its intent, and its entry follows. If all intents were in the slot
of the audit log, its shard would stop every change while it is away. So an intent goes under one
tag of several, and under another if that shard is away. It is deleted after its entry is written,
in a step of its own. If that is lost, the log still knows for an hour that the entry is there.
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
from app.store.spread import SPREAD, HashTags

KNOWN_MS = 3_600_000
"""How long the log of a cluster knows of an intent that its entry is written."""

_first = os.getpid() % SPREAD
"""The tag that this process takes, as long as its shard answers: so deleting many is cheap."""


def intents_in(*, is_cluster: bool) -> Sequence[bytes]:
    """The keys of all intents."""
    return [tag + b":intents" for tag in HashTags(b"audit", is_spread=is_cluster).all]


_SPREAD = intents_in(is_cluster=True)


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
    for step in range(SPREAD):
        number = (_first + step) % SPREAD
        try:
            if client.node_of(_SPREAD[number]) in away:
                continue
            client.direct("HSET", _SPREAD[number], intent, value)
        except ShardUnavailable as error:
            away.add(error.node)
            refusal = error
            continue
        noted_at(number)
        _first = number
        return
    raise refusal


class OpenIntents:
    """What requests were about to change."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client
        self._is_spread = client.is_cluster
        self._places = intents_in(is_cluster=client.is_cluster)
        self.beside_log = keys.AUDIT_SETTLED if client.is_cluster else keys.AUDIT_INTENTS
        """What the script that adds entries is given: the intents, or the beginning of the keys of
        those of which it knows that their entry is there."""
        self.known_ms = KNOWN_MS if client.is_cluster else 0

    def all(self) -> Iterator[tuple[str, int, str]]:
        """Read them: name, since when (ms) and JSON of each. Those on a dead shard are left out."""
        for number, key in enumerate(self._places):
            with suppress(ShardUnavailable):
                for intent, value in self._client.hscan_iter(key.decode(), count=256):
                    since_ms, _, text = cast("bytes", value).decode(errors="replace").partition(" ")
                    name = cast("bytes", intent).decode(errors="replace")
                    # What is none of ours is as old as can be.
                    is_ours = since_ms.isascii() and since_ms.isdigit()
                    place = f"@{number}" if self._is_spread else ""
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
        """Delete those whose entry is written, where that did not happen in the same step."""
        if self._is_spread:
            with suppress(StoreUnavailable):
                self.delete(name for name in names if name)


def id_of(name: str) -> str:
    """The intent's own id, of a name that also says where it is."""
    return name.partition("@")[0]
