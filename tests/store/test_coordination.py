"""What processes on one store agree on."""

from __future__ import annotations

from app.store.coordination import Coordination
from tests.store.conftest import Stores


def test_all_processes_on_one_store_bear_one_name(stores: Stores) -> None:
    """And those on another store another."""
    name = stores.coordination.instance()
    assert Coordination(stores.client).instance() == name
    assert len(bytes.fromhex(name)) == 8
    stores.client.flushdb()
    assert stores.coordination.instance() != name
