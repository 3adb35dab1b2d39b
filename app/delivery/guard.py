"""The guard at the door: every connection's final address is judged before it is made.

It stands behind the name's resolution and any rewriting of literals, in libcurl's
``OPENSOCKETFUNCTION``, so no notation, no second DNS answer and no IPv6 form leads around it.
"""

from __future__ import annotations

import socket
from typing import Any

import pycurl

from app.domain.addresses import TargetPolicy, is_allowed


class _Socket(socket.socket):
    """Closes itself without a warning: pycurl takes a duplicate and drops the original."""

    def __del__(self) -> None:
        self.close()


class Guard:
    """Opens the sockets of one transfer, and remembers what it refused."""

    __slots__ = ("_policy", "opened", "os_error", "refused", "used")

    def __init__(self, policy: TargetPolicy) -> None:
        self._policy = policy
        self.reset()

    def reset(self) -> None:
        """Forget the last transfer."""
        self.used = False
        self.opened = False
        self.refused = False
        self.os_error = 0

    def open(self, _purpose: int, address: Any) -> socket.socket | int:
        """Open a socket for the address, or return ``SOCKET_BAD``; called by libcurl."""
        self.used = True
        internet = address.family in (socket.AF_INET, socket.AF_INET6)
        if not internet or not is_allowed(address.addr[0], self._policy):
            self.refused = True
            return int(pycurl.SOCKET_BAD)
        try:
            opened = _Socket(address.family, address.socktype, address.protocol)
        except OSError as error:
            self.os_error = error.errno or 0
            return int(pycurl.SOCKET_BAD)
        self.opened = True
        return opened
