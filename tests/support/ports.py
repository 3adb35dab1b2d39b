"""Ports for programs that a test starts."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from app.runtime import embedded

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000


def free_port(following: int = 0) -> int:
    """Find a TCP port that is free on 127.0.0.1, and so many that follow it.

    It is none that the system gives to connections and to who asks for any (ip(7)): those of other
    tests would take it before the program that it is meant for has started.
    """
    first_given = int(_RANGE.read_text(encoding="ascii").split()[0]) if _RANGE.exists() else 0
    if first_given < 2 * _LOWEST:
        return embedded.free_port()
    while True:
        port = random.randrange(_LOWEST, first_given - following)
        if all(map(_is_free, range(port, port + following + 1))):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
