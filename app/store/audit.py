"""The audit log at rest: a stream that is only ever added to, and cut at its old end."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.domain.audit import GENESIS, canonical, link
from app.errors import StoreUnavailable
from app.store import keys
from app.store.connection import StoreClient
from app.store.scripts import Scripts

TRIES = 200
"""How often an entry is chained anew because another process was faster; each time one of them
has got through."""

Position = tuple[int, int]
"""When an entry was added (ms UTC) and its number: the order of the log."""


class StoredEntry(NamedTuple):
    """An entry as canonical JSON, the hash that it follows and its own."""

    position: Position
    text: str
    previous: str
    digest: str


class AuditLog:
    """Adds and reads entries. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts
        # Threads of one process take turns: racing them would cost a round trip each time.
        self._turn = threading.Lock()
        self._head = (0, GENESIS)

    def append(self, entry: Mapping[str, Any], now_ms: int) -> int:
        """Add an entry and return its number; it is given that as ``seq``."""
        request = secrets.token_hex(16)
        with self._turn:
            for _ in range(TRIES):
                number, previous = self._head[0] + 1, self._head[1]
                text = canonical({**entry, "seq": number})
                digest = link(previous, text)
                reply = self._scripts(
                    "audit_append",
                    [keys.AUDIT, keys.AUDIT_HEAD, keys.audit_done(request)],
                    [number, previous, text, digest, now_ms],
                )
                if reply[0] == b"added":
                    self._head = (number, digest)
                    return number
                self._head = (int(reply[1]), reply[2].decode())
        raise StoreUnavailable("The audit log is being written by too many at once.")

    def newest_first(self, before: Position | None, limit: int) -> list[StoredEntry]:
        """Read entries older than a position."""
        top = "+" if before is None else f"({before[0]}-{before[1]}"
        return _entries(self._client.xrevrange(keys.AUDIT, top, "-", count=limit))

    def oldest_first(self, after: Position | None, limit: int) -> list[StoredEntry]:
        """Read entries newer than a position."""
        bottom = "-" if after is None else f"({after[0]}-{after[1]}"
        return _entries(self._client.xrange(keys.AUDIT, bottom, "+", count=limit))

    def forget(self, before_ms: int) -> int:
        """Cut off entries from before a moment, about; returns how many."""
        return int(self._client.xtrim(keys.AUDIT, minid=str(before_ms)))


def _entries(rows: Any) -> list[StoredEntry]:
    return [
        StoredEntry(
            _position(entry_id), fields[b"e"].decode(), fields[b"p"].decode(), fields[b"h"].decode()
        )
        for entry_id, fields in rows
    ]


def _position(entry_id: bytes) -> Position:
    ms, _, number = entry_id.partition(b"-")
    return int(ms), int(number)
