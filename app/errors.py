"""Every error that Qhronos raises on purpose.

    QhronosError
    ├── InvalidInput        the caller sent something that can't be accepted
    ├── Unauthenticated     no token, or one that can't be trusted
    ├── Forbidden           a good token without the right
    ├── NotFound            the id names nothing that the caller may see
    ├── Conflict            the request contradicts what is stored
    ├── StaleVersion        ``If-Match`` names another version
    ├── TooBusy             the caller has had enough computed for now
    ├── StoreUnavailable    the store is away, loading, read-only or full
<<<<<<< HEAD
    │   ├── ShardUnavailable    one of the nodes of a cluster is; the others may be well
    │   └── BrokerUnavailable   the same of RQ's Redis; the store may be well
=======
    │   ├── BrokerUnavailable   the same of RQ's Redis; the store may be well
>>>>>>> f7b23cf5 (wip)
    └── ConfigError         the settings can't be used: the process ends
        ├── StoreRefused    a server that the settings lead to does not serve us, and won't
        ├── LaterStore      a later version has used the store
        └── StoreDamaged    files of the store of ``make run`` are damaged or gone

A class's docstring is its default message. Which HTTP status belongs to each is decided in
one table, ``app.api.http.errors``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class ExitStatus(IntEnum):
    """With what a process ends; docs/operations.md tells operators."""

    OK = 0
    FAILED = 1
    SETTINGS = 2
    # What gunicorn ends with by itself (3 and 4) is left out.
    REFUSED = 10
    LATER_STORE = 11
    DAMAGED = 12


class QhronosError(Exception):
    """Something went wrong."""

    def __init__(
        self, message: str | None = None, *, fields: Mapping[str, list[str]] | None = None
    ) -> None:
        """Keep the sentence for the user and, per dotted field path, what is wrong with it."""
        self.message = message or (type(self).__doc__ or "").strip()
        self.fields: dict[str, list[str]] = dict(fields or {})
        super().__init__(self.message)


class InvalidInput(QhronosError):
    """The request is not valid."""

    @classmethod
    def field(cls, path: str, message: str) -> InvalidInput:
        """Make the error for one field; ``path`` is dotted, as in ``schedule.interval``."""
        return cls(f"{path}: {message}", fields={path: [message]})


class Unauthenticated(QhronosError):
    """Send a valid token as 'Authorization: Bearer <token>'."""


class Forbidden(QhronosError):
    """This token does not have the right to do that."""


class NotFound(QhronosError):
    """Nothing with this id exists."""


class Conflict(QhronosError):
    """The request contradicts what is stored."""


class StaleVersion(QhronosError):
    """The event has changed since the version named in If-Match; read it again."""


class TooBusy(QhronosError):
    """Your schedules take too much computing at once; wait for Retry-After."""


class StoreUnavailable(QhronosError):
    """The store does not answer; try again shortly."""


class ShardUnavailable(StoreUnavailable):
    """The shard of the store that has this does not answer; try again shortly."""

    def __init__(self, node: str, slot: int | None = None) -> None:
        """``node`` is its address, as ``StoreClient.node_of`` tells it; empty: there is none.

        ``slot``: the one that it is about, as it is being moved; its node serves the others.
        """
        super().__init__()
        self.node, self.slot = node, slot


class BrokerUnavailable(StoreUnavailable):
    """The broker (QHRONOS_BROKER_URL) does not answer or takes no writes; try again shortly."""


class ConfigError(QhronosError):
    """The settings can't be used."""

    exit_status = ExitStatus.SETTINGS


class StoreRefused(ConfigError):
    """The store or the broker does not serve this process."""

    exit_status = ExitStatus.REFUSED


class LaterStore(ConfigError):
    """A later version of Qhronos has used this store."""

    exit_status = ExitStatus.LATER_STORE


class StoreDamaged(ConfigError):
    """Files of the store are damaged or gone."""

    exit_status = ExitStatus.DAMAGED
