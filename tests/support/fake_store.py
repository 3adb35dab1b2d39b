"""A store client on fakeredis: for services and views, where the server itself is not the point."""

from __future__ import annotations

import fakeredis
import redis

from app.store.connection import StoreClient


def fake_client() -> StoreClient:
    """A client of an empty store of its own."""
    pool = redis.ConnectionPool(
        connection_class=fakeredis.FakeRedisConnection,
        server=fakeredis.FakeServer(),
        lua_modules=set(),
        protocol=2,
    )
    return StoreClient(connection_pool=pool)
