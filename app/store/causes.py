"""A server as sentences name it, and what a sentence on it is: why it does not serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import redis

from app.store.pools import primary_of, topology_of


class Heals(Enum):
    """Whether it can become well without a change of settings."""

    YES = "yes"
    """It is waited for: a store that restarts, loads or is full."""

    PERHAPS = "perhaps"
    """It is waited for a while: a name or a socket that is not there yet."""

    NO = "no"


class Cause(NamedTuple):
    """Why a store does not serve."""

    sentence: str
    heals: Heals


@dataclass(frozen=True, slots=True)
class Server:
    """A server as the settings lead to it: ``variable`` is the one with the URL."""

    variable: str
    address: str
    """Host and port, or the path of a socket; empty for sentences that everybody may read."""

    tls: bool
    has_password: bool
    password_may_change: bool = False
    """Whether it is read from a file, for each connection anew."""

    sentinels: str = ""
    """Where the Sentinels are that tell the address; empty: there are none."""

    @classmethod
    def of(cls, variable: str, pool: redis.ConnectionPool) -> Server:
        """What a client's pool was made for."""
        kwargs: dict[str, Any] = pool.connection_kwargs
        primary, credentials = primary_of(pool), kwargs.get("credential_provider")
        host, port = kwargs.get("host", "localhost"), kwargs.get("port", 6379)
        place = f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
        if topology := topology_of(pool):
            place = ", ".join(node.name for node in topology.seeds)
        return cls(
            variable,
            primary.known if primary else kwargs.get("path") or place,
            issubclass(pool.connection_class, redis.SSLConnection),
            bool(kwargs.get("password") or credentials),
            credentials is not None and credentials.may_change,
            primary.sentinels if primary else "",
        )

    @property
    def name(self) -> str:
        """What sentences begin with."""
        broker = self.variable == "QHRONOS_BROKER_URL"
        what = "The broker" if broker else "The store"
        return f"{what} at {self.address}" if self.address else what


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it was raised from or during."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
