"""A second server to restore into, and ids that go by no store when a test begins or ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain import ids
from app.runtime.embedded import EmbeddedStore
from app.store.connecting import connect
from app.store.connection import StoreClient


@pytest.fixture(autouse=True)
def _ids_of_any_store() -> Iterator[None]:
    ids.keep_to()
    yield
    ids.keep_to()


@pytest.fixture(scope="package")
def target_server() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="qhronos-") as directory,
        EmbeddedStore(Path(directory), persist=False) as store,
    ):
        yield store.url


@pytest.fixture
def target(target_server: str) -> Iterator[StoreClient]:
    """An empty store that is not the one of the other fixtures."""
    with connect(target_server) as client:
        client.flushall()
        yield client
