"""A real server for tests: one for the session, empty for every test.

No server program is a failure, not a reason to skip: most of what matters is proved on it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from app.runtime.embedded import EmbeddedStore
from app.store.connecting import connect
from tests.support import on_cluster
from tests.support.cluster import Cluster


@pytest.fixture(scope="session")
def store_server() -> Iterator[str]:
    """The URL of a server that keeps nothing on disk; shared, so use ``store_url`` instead."""
    if on_cluster.is_wanted():
        with on_cluster.strict_cluster() as cluster:
            yield cluster.url
        return
    # Not pytest's own directory: its paths are too long for a Unix socket.
    with (
        tempfile.TemporaryDirectory(prefix="qhronos-") as directory,
        EmbeddedStore(Path(directory), persist=False) as store,
    ):
        yield store.url


@pytest.fixture
def store_url(store_server: str) -> str:
    """The URL of an empty store."""
    with plain_client(store_server) as client:
        client.flushall()
    return store_server


def plain_client(url: str) -> redis.Redis:
    """A client that answers bytes; of one server it is the library's own."""
    return connect(url) if on_cluster.is_wanted() else redis.Redis.from_url(url)


@pytest.fixture
def redis_client(store_url: str) -> Iterator[redis.Redis]:
    """A plain client of an empty store, answering bytes."""
    with plain_client(store_url) as client:
        yield client


@pytest.fixture(scope="session")
def cluster_servers() -> Iterator[Cluster]:
    """Three primaries without replicas; shared, so use ``cluster`` instead."""
    with Cluster(primaries=3) as cluster:
        yield cluster


@pytest.fixture
def cluster(cluster_servers: Cluster) -> Cluster:
    """An empty cluster; what a test before has killed, paused or cut off is back.

    Slots stay where a test has moved them to.
    """
    cluster_servers.up()
    cluster_servers.flush()
    return cluster_servers
