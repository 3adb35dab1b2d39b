"""Makes the store's client from its URL: of one server, or of a cluster."""

from __future__ import annotations

from redis.retry import Retry

from app.domain.logins import NO_LOGIN, Login
from app.store.cluster import cluster_client
from app.store.connection import RETRIES, SOCKET_TIMEOUT_S, Pauses, StoreClient
from app.store.connection_names import own_options
from app.store.pools import make_pool, topology_of


def connect(
    url: str,
    login: Login = NO_LOGIN,
    *,
    max_connections: int = 64,
    timeout_s: float = SOCKET_TIMEOUT_S,
    retries: int = RETRIES,
) -> StoreClient:
    """Make a client for the store. Nothing is sent until it is used."""
    pool = make_pool(
        url,
        login,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        health_check_interval=30,
        max_connections=max_connections,
        retry=Retry(Pauses(base=0.05, cap=0.5), retries),
        **own_options(),
    )
    if topology_of(pool) is not None:
        return cluster_client(pool, retries)
    return StoreClient.from_pool(pool)  # type: ignore[return-value]  # typed as the base class


def connect_probe(url: str, login: Login = NO_LOGIN) -> StoreClient:
    """Make a client without patience: a probe is given up on by who sent it while others wait."""
    return connect(url, login, timeout_s=1.0, retries=0, max_connections=8)
