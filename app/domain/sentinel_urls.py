"""URLs of a server that Sentinels watch: its name, and where to ask which host it is on now.

As in ``redis+sentinel://user:password@host1:26379,host2:26379/name/0``; ``rediss+sentinel`` is TLS,
to the Sentinels too. User and password are those of the server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

SCHEMES = ("redis+sentinel", "rediss+sentinel")
DEFAULT_PORT = 26_379
_ADDRESS = re.compile(r"\[(?P<v6>[^\]]*)\](?::(?P<v6port>\d+))?|(?P<host>[^:]*)(?::(?P<port>\d+))?")


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
        return tuple(map(_host_of, self.addresses))

    @property
    def tls(self) -> bool:
        """Whether Sentinels and server are spoken to with TLS."""
        return self.server_url.startswith("rediss")


def is_sentinel_url(url: str) -> bool:
    """Whether a URL leads to Sentinels."""
    return url.startswith(tuple(f"{scheme}://" for scheme in SCHEMES))


def read_sentinel_url(url: str) -> SentinelUrl:
    """Take a URL apart that ``check_store_url`` has accepted, or is to judge the parts of."""
    scheme, _, rest = url.partition("://")
    address, mark, query = rest.partition("?")
    address, _, path = address.partition("/")
    login, at, hosts = address.rpartition("@")
    name, _, database = path.partition("/")
    plain = scheme.partition("+")[0]
    return SentinelUrl(
        tuple(hosts.split(",")),
        unquote(name),
        f"{plain}://{login}{at}localhost/{database}{mark}{query}",
    )


def _host_of(address: str) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return address, DEFAULT_PORT
    port = found["v6port"] or found["port"] or DEFAULT_PORT
    return found["v6"] or found["host"] or "", int(port)
