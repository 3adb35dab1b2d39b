"""The settings of the store's server, which lose nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.runtime.binary import ServerBinary


def directives(
    store: Path, binary: ServerBinary, listen: Sequence[str], *, persist: bool, fsync: str
) -> str:
    """Write the file that the server reads when it starts."""
    listpack = "listpack" if binary.version >= (7, 0) else "ziplist"
    lines = [
        *listen,
        f"dir {quoted(store)}",
        f"appendonly {'yes' if persist else 'no'}",
        f"appendfsync {fsync}",
        # Valkey and Redis no longer share an RDB format; plain commands they both read.
        "aof-use-rdb-preamble no",
        'save ""',
        # A backup begins at once, and not when other replicas may have come, too.
        "repl-diskless-sync-delay 0",
        # Losing an event silently would be worse than refusing one loudly.
        "maxmemory-policy noeviction",
        # Keeps the hashes of events and occurrences in their compact encoding.
        f"hash-max-{listpack}-value 4096",
        f"hash-max-{listpack}-entries 64",
        "loglevel warning",
    ]
    if binary.version >= (7, 0):
        # A histogram of every command's time, of those within scripts too: it costs a tenth.
        lines.append("latency-tracking no")
    return "\n".join(lines) + "\n"


def quoted(path: Path) -> str:
    """Write a path as the server reads it."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
