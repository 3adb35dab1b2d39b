"""Which commands go where in a cluster: by their key, to each part of them, or to all nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.crc import key_slot

KEYLESS = frozenset(
    {
        *("PING", "ECHO", "TIME", "INFO", "PUBLISH", "SCAN", "DBSIZE", "FLUSHALL", "FLUSHDB"),
        *("SCRIPT", "SCRIPT LOAD", "SCRIPT EXISTS", "SCRIPT FLUSH", "CONFIG", "CONFIG GET"),
        *("CONFIG SET", "CLIENT", "CLIENT ID", "CLIENT KILL", "CLIENT LIST", "CLUSTER"),
        *("ACL", "ACL WHOAMI", "ROLE", "MULTI", "EXEC", "WAIT", "WAITAOF", "UNWATCH", "DISCARD"),
    }
)
"""They have no key: any node answers."""

ON_EACH = frozenset(
    {"SCRIPT LOAD", "SCRIPT FLUSH", "FLUSHALL", "FLUSHDB", "CONFIG SET", "CLIENT KILL"}
)
"""They are for every node; the answer is that of the first."""

IN_PARTS = frozenset({"DEL", "UNLINK", "EXISTS", "TOUCH", "MGET", "SCAN"})
"""They have any number of keys, or are about all: ``cluster_parts``."""

_KEY_SECOND = frozenset({"ZINTER", "ZUNION", "ZDIFF", "ZINTERCARD", "SINTERCARD", "OBJECT"})
"""Ahead of the key there is a count or a word."""


def slot_of(command: Sequence[Any]) -> int | None:
    """The slot of the first key of a command; ``None``: it has none."""
    name = command[0]
    if name in KEYLESS:
        return None
    at = 1
    if name[:4] == "EVAL":
        if not int(command[2]):
            return None
        at = 3
    elif name in _KEY_SECOND:
        at = 2
    elif name == "XREAD":
        at = 1 + next(at for at, word in enumerate(command) if word in ("STREAMS", b"STREAMS"))
    key = command[at]
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


def by_slot(keys: Sequence[Any]) -> dict[int, list[int]]:
    """The numbers of keys by the slots that these are in."""
    found: dict[int, list[int]] = {}
    for number, key in enumerate(keys):
        slot = key_slot(key if isinstance(key, bytes) else str(key).encode())
        found.setdefault(slot, []).append(number)
    return found
