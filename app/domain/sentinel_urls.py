"""URLs of a server that Sentinels watch: its name, and where to ask which host it is on now.

As in ``redis+sentinel://user:password@host1:26379,host2:26379/name/0``; ``rediss+sentinel`` is TLS,
to the Sentinels too. User and password are those of the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from app.domain.server_lists import begins_with, host_of, read_server_list

SCHEMES = ("redis+sentinel", "rediss+sentinel")
DEFAULT_PORT = 26_379


@dataclass(frozen=True, slots=True)
class SentinelUrl:
    """What such a URL says."""

    addresses: tuple[str, ...]
    """Hosts with their ports, as they are written."""

    name: str
    """What the Sentinels call the server: ``master-name`` in their files."""

    server_url: str
    """The URL of the server with ``localhost`` for the host that the Sentinels tell."""

    @property
    def hosts(self) -> tuple[tuple[str, int], ...]:
        """Where the Sentinels are."""
        return tuple(host_of(one, DEFAULT_PORT) for one in self.addresses)

    @property
    def tls(self) -> bool:
        """Whether Sentinels and server are spoken to with TLS."""
        return self.server_url.startswith("rediss")


def is_sentinel_url(url: str) -> bool:
    """Whether a URL leads to Sentinels."""
    return begins_with(url, SCHEMES)


def read_sentinel_url(url: str) -> SentinelUrl:
    """Take a URL apart that ``check_store_url`` has accepted, or is to judge the parts of."""
    found = read_server_list(url)
    name, _, database = found.path.partition("/")
    return SentinelUrl(found.addresses, unquote(name), found.server_url(database))
