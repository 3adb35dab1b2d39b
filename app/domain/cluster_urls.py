"""URLs of a cluster of Redis or Valkey servers: where some of its nodes are, which tell the rest.

As in ``redis+cluster://user:password@host1:6379,host2:6379``; ``rediss+cluster`` is TLS, to every
node. User and password are those of all nodes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SCHEMES = ("redis+cluster", "rediss+cluster")
DEFAULT_PORT = 6379
_ADDRESS = re.compile(r"\[(?P<v6>[^\]]*)\](?::(?P<v6port>\d+))?|(?P<host>[^:]*)(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True)
class ClusterUrl:
    """What such a URL says."""

    addresses: tuple[str, ...]
    """Hosts with their ports, as they are written."""

    server_url: str
    """The URL of one node, with ``localhost`` for its host."""

    database: str
    """What stands behind the nodes; a cluster has the database 0 alone."""

    @property
    def hosts(self) -> tuple[tuple[str, int], ...]:
        """Where these nodes are."""
        return tuple(map(_host_of, self.addresses))

    @property
    def tls(self) -> bool:
        """Whether the nodes are spoken to with TLS."""
        return self.server_url.startswith("rediss")

    def url_of(self, address: str) -> str:
        """The URL of one node by itself."""
        scheme, _, rest = self.server_url.partition("://")
        login, at, path = rest.rpartition("@")
        return f"{scheme}://{login}{at}{address}{path.removeprefix('localhost')}"


def is_cluster_url(url: str) -> bool:
    """Whether a URL leads to a cluster."""
    return url.startswith(tuple(f"{scheme}://" for scheme in SCHEMES))


def read_cluster_url(url: str) -> ClusterUrl:
    """Take a URL apart that ``check_store_url`` has accepted, or is to judge the parts of."""
    scheme, _, rest = url.partition("://")
    address, mark, query = rest.partition("?")
    address, _, database = address.partition("/")
    login, at, hosts = address.rpartition("@")
    plain = scheme.partition("+")[0]
    server_url = f"{plain}://{login}{at}localhost/{database}{mark}{query}"
    return ClusterUrl(tuple(hosts.split(",")), server_url, database)


def _host_of(address: str) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return address, DEFAULT_PORT
    port = found["v6port"] or found["port"] or DEFAULT_PORT
    return found["v6"] or found["host"] or "", int(port)
