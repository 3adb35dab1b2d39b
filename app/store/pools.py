"""Pools of connections, from a URL: to one server, to the one that Sentinels tell, to a cluster."""

from __future__ import annotations

import os
import weakref
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.crc import key_slot
from redis.retry import Retry

from app.domain.cluster_urls import ClusterUrl, is_cluster_url, read_cluster_url
from app.domain.logins import NO_LOGIN, Login
from app.domain.sentinel_urls import SentinelUrl, is_sentinel_url, read_sentinel_url
from app.store.cluster_connections import (
    ClusterConnection,
    ClusterTlsConnection,
    FollowingConnection,
    FollowingTlsConnection,
)
from app.store.credentials import LoginCredentials
from app.store.nodes import PATIENCE_S as NODE_PATIENCE_S
from app.store.sentinels import PATIENCE_S, Primary, PrimaryConnection, PrimaryTlsConnection
from app.store.topology import Topology

CONNECT_S = 1.0
"""How long a connection to a primary is waited for: a host that has vanished does not refuse it."""

_primaries: weakref.WeakValueDictionary[tuple[int, str, Login], Primary]
_primaries = weakref.WeakValueDictionary()
"""By process, too: what a fork inherits may be locked by a thread that it has not."""


_topologies: weakref.WeakValueDictionary[tuple[int, str, Login], Topology]
_topologies = weakref.WeakValueDictionary()


def make_pool(
    url: str, login: Login = NO_LOGIN, *, key: bytes | None = None, **options: Any
) -> redis.ConnectionPool:
    """Make a pool; ``options`` are those of the client's connections and its pool.

    In a cluster, it leads to the node that has ``key``, wherever that goes; without one, to any.
    """
    if is_cluster_url(url):
        return _of_cluster(url, login, key, options)
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


def topology_of(pool: redis.ConnectionPool) -> Topology | None:
    """The topology of the cluster that a pool leads to; ``None``: it leads to no cluster."""
    topology: Topology | None = pool.connection_kwargs.get("topology")
    return topology


def _of_cluster(
    url: str, login: Login, key: bytes | None, options: dict[str, Any]
) -> redis.ConnectionPool:
    found = read_cluster_url(url)
    kwargs = _of_node(found, login) | options
    kwargs["socket_connect_timeout"] = min(kwargs.get("socket_connect_timeout", 5.0), CONNECT_S)
    if key is None:
        kwargs["connection_class"] = ClusterTlsConnection if found.tls else ClusterConnection
        return redis.ConnectionPool(**kwargs, topology=_topology(url, found, login))
    kwargs["connection_class"] = FollowingTlsConnection if found.tls else FollowingConnection
    topology = _topology(url, found, login)
    return redis.ConnectionPool(**kwargs, topology=topology, place=key_slot(key))


def _of_node(found: ClusterUrl, login: Login) -> dict[str, Any]:
    kwargs = _of_server(found.server_url, login)
    for name in ("host", "port", "db"):  # (A cluster has one database.)
        kwargs.pop(name, None)
    return kwargs


def _topology(url: str, found: ClusterUrl, login: Login) -> Topology:
    """All clients of a process share one, and so ask the nodes once."""
    key = (os.getpid(), url, login)
    made = _topologies.get(key)
    if made is None:
        kwargs = {
            "connection_class": redis.SSLConnection if found.tls else redis.Connection,
            **_of_node(found, login),
            "socket_timeout": NODE_PATIENCE_S,
            "socket_connect_timeout": NODE_PATIENCE_S,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
            "client_name": "qhronos",
            "driver_info": None,
        }
        made = _topologies.setdefault(key, Topology(found.hosts, kwargs))
    return made


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
