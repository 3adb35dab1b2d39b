"""The guard at the door: every connection's final address is judged before it is made.

The check is in libcurl's ``OPENSOCKETFUNCTION``, after the name was resolved and literals were
rewritten. So no notation, no second DNS answer and no IPv6 form avoids it.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pycurl

from app.domain.addresses import Address, TargetPolicy, is_allowed

_ANY_PORT = 9


class _Socket(socket.socket):
    """Closes without a warning: pycurl duplicates the descriptor and drops the original socket."""

    def __del__(self) -> None:
        if self.fileno() >= 0:
            self.close()


class Guard:
    """Opens the sockets of one request and notes what it refused.

    ``own_port`` is the port of this service: on this machine it is never a target.
    """

    __slots__ = ("_address", "_own_port", "_policy", "opened", "os_error", "refused", "used")

    def __init__(self, policy: TargetPolicy, own_port: int | None = None) -> None:
        self._policy = policy
        self._own_port = own_port
        self.reset()

    def reset(self) -> None:
        """Forget the last request."""
        self.used = False
        self.opened = False
        self.refused = False
        self.os_error = 0
        self._address: Any = None

    def open(self, _purpose: int, address: Any) -> socket.socket | int:
        """Open a socket for the address, or return ``SOCKET_BAD``; called by libcurl."""
        self.used = True
        if not self._may_connect(address):
            self.refused = True
            return int(pycurl.SOCKET_BAD)
        try:
            opened = _Socket(address.family, address.socktype, address.protocol)
        except OSError as error:
            self.os_error = error.errno or 0
            return int(pycurl.SOCKET_BAD)
        self.opened = True
        self._address = address
        return opened

    def has_route(self) -> bool:
        """Whether this host has an address from which the last one can be reached."""
        if self._address is None:
            return False
        try:
            with socket.socket(self._address.family, socket.SOCK_DGRAM) as probe:
                probe.connect(self._address.addr)  # finds the route; nothing is sent
        except OSError:
            return False
        return True

    def _may_connect(self, address: Any) -> bool:
        if address.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        host, port = address.addr[:2]
        if not is_allowed(host, self._policy):
            return False
        return port != self._own_port or not _is_here(ipaddress.ip_address(host))


def _is_here(address: Address) -> bool:
    """Whether an address is this machine's: then packets to it have it as their source too."""
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), _ANY_PORT))  # finds the route; nothing is sent
            return bool(ipaddress.ip_address(probe.getsockname()[0]) == address)
    except OSError:
        return False  # there is no route, so a connection will fail too
