"""Clients for RQ's Redis, which are the client library's own, and pools for who can do without."""

from __future__ import annotations

import redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.retry import Retry

from app.domain.logins import NO_LOGIN, Login
from app.store.connection import RETRIES, SOCKET_TIMEOUT_S
from app.store.connection_names import own_options
from app.store.pools import make_pool

BROKER_TIMEOUT_S = 0.5
"""How long who can do without RQ's Redis waits for it."""


def connect_broker(url: str, login: Login = NO_LOGIN) -> redis.Redis:
    """Make a client for RQ's workers, which wait in blocking calls."""
    pool = make_pool(
        url,
        login,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        health_check_interval=30,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), RETRIES),
        **own_options(),
    )
    return redis.Redis.from_pool(pool)


def connect_broker_briefly(
    url: str, login: Login = NO_LOGIN, timeout_s: float = BROKER_TIMEOUT_S
) -> redis.Redis:
    """Make a client for RQ's Redis that gives up soon: its callers do without it for a while.

    It tries twice, because a connection from before a restart fails once.
    """
    return redis.Redis.from_pool(brief_pool(url, login, timeout_s))


def brief_pool(
    url: str, login: Login, timeout_s: float, key: bytes | None = None
) -> redis.ConnectionPool:
    """Make a pool of connections that give up soon, and try twice.

    In a cluster they lead to the node that has ``key``, which they need there.
    """
    return make_pool(
        url,
        login,
        key=key,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 1),
        max_connections=16,
        **own_options(),
    )
