"""Pools of connections, from a URL: to one server, or to the one that Sentinels tell."""

from __future__ import annotations

import os
import weakref
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from app.domain.logins import NO_LOGIN, Login
from app.domain.sentinel_urls import SentinelUrl, is_sentinel_url, read_sentinel_url
from app.store.credentials import LoginCredentials
from app.store.sentinels import PATIENCE_S, Primary, PrimaryConnection, PrimaryTlsConnection

CONNECT_S = 1.0
"""How long a connection to a primary is waited for: a host that has vanished does not refuse it."""

_primaries: weakref.WeakValueDictionary[tuple[int, str, Login], Primary]
_primaries = weakref.WeakValueDictionary()
"""By process, too: what a fork inherits may be locked by a thread that it has not."""


def make_pool(url: str, login: Login = NO_LOGIN, **options: Any) -> redis.ConnectionPool:
    """Make a pool; ``options`` are those of the client's connections and its pool."""
    if not is_sentinel_url(url):
        return redis.ConnectionPool(**_of_server(url, login), **options)
    found = read_sentinel_url(url)
    kwargs = _of_server(found.server_url, login) | options
    kwargs["connection_class"] = PrimaryTlsConnection if found.tls else PrimaryConnection
    kwargs["socket_connect_timeout"] = min(kwargs.get("socket_connect_timeout", 5.0), CONNECT_S)
    return redis.ConnectionPool(**kwargs, primary=_primary(url, found, login))


def primary_of(pool: redis.ConnectionPool) -> Primary | None:
    """The primary that a pool leads to; ``None``: it leads to one server."""
    primary: Primary | None = pool.connection_kwargs.get("primary")
    return primary


def _of_server(url: str, login: Login) -> dict[str, Any]:
    kwargs: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
    if login.password:
        user = kwargs.pop("username", "")
        kwargs["credential_provider"] = LoginCredentials(user, login.password)
    return kwargs


def _primary(url: str, found: SentinelUrl, login: Login) -> Primary:
    """All clients of a process share one, and so ask the Sentinels once."""
    key = (os.getpid(), url, login)
    made = _primaries.get(key)
    if made is None:
        clients = [_sentinel(host, port, found, login) for host, port in found.hosts]
        made = _primaries.setdefault(key, Primary(found.name, clients))
    return made


def _sentinel(host: str, port: int, found: SentinelUrl, login: Login) -> redis.Redis:
    """A client of one Sentinel, with the TLS of the server, which it asks once."""
    kwargs = parse_url(found.server_url)  # type: ignore[no-untyped-call]
    for name in ("username", "password", "db"):
        kwargs.pop(name, None)
    if login.sentinel_password:
        user = login.sentinel_user
        kwargs["credential_provider"] = LoginCredentials(user, login.sentinel_password)
    pool = redis.ConnectionPool(
        **kwargs | {"host": host, "port": port},
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
        # Once more, as a connection from before a restart fails; one that hangs would again.
        retry=Retry(NoBackoff(), 1, (redis.exceptions.ConnectionError,)),
        protocol=2,
        # An answer has to be read before the client looks whether anything is there unasked: with
        # TLS something is, and such a connection counts as spoilt.
        client_name="qhronos",
        driver_info=None,
    )
    return redis.Redis.from_pool(pool)
