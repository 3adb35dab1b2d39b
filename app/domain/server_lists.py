"""URLs that name several servers, as in ``redis+cluster://user:password@host1:6379,[::1]:6379``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"\[(?P<v6>[^\]]*)\](?::(?P<v6port>\d+))?|(?P<host>[^:]*)(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True)
class ServerList:
    """The parts of such a URL, as they are written."""

    scheme: str
    """What stands before the ``+``: ``redis``, or ``rediss`` for TLS."""

    login: str
    """User and password with the ``@`` behind them, or nothing."""

    addresses: tuple[str, ...]
    path: str
    query: str
    """With the ``?`` before it, or empty."""

    def server_url(self, database: str) -> str:
        """The URL of one of the servers, with ``localhost`` for its host."""
        return f"{self.scheme}://{self.login}localhost/{database}{self.query}"


def read_server_list(url: str) -> ServerList:
    """Take a URL apart."""
    scheme, _, rest = url.partition("://")
    address, mark, query = rest.partition("?")
    address, _, path = address.partition("/")
    login, at, hosts = address.rpartition("@")
    return ServerList(
        scheme.partition("+")[0], login + at, tuple(hosts.split(",")), path, mark + query
    )


def host_of(address: str, default_port: int) -> tuple[str, int]:
    """Host and port of an address; what is none is taken for a host."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return address, default_port
    port = found["v6port"] or found["port"] or default_port
    return found["v6"] or found["host"] or "", int(port)


def begins_with(url: str, schemes: tuple[str, ...]) -> bool:
    """Whether a URL has one of these schemes."""
    return url.startswith(tuple(f"{scheme}://" for scheme in schemes))
