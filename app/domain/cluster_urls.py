"""URLs of a cluster of Redis or Valkey servers: where some of its nodes are, which tell the rest.

As in ``redis+cluster://user:password@host1:6379,host2:6379``; ``rediss+cluster`` is TLS, to every
node. User and password are those of all nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.server_lists import begins_with, host_of, read_server_list

SCHEMES = ("redis+cluster", "rediss+cluster")
DEFAULT_PORT = 6379


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
        return tuple(host_of(one, DEFAULT_PORT) for one in self.addresses)

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
    return begins_with(url, SCHEMES)


def read_cluster_url(url: str) -> ClusterUrl:
    """Take a URL apart that ``check_store_url`` has accepted, or is to judge the parts of."""
    found = read_server_list(url)
    return ClusterUrl(found.addresses, found.server_url(found.path), found.path)
