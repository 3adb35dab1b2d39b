"""A store gets schema 8 as it is: what had a hash keeps it, and no earlier version starts on it."""

from __future__ import annotations

import pytest

from app.errors import LaterStore
from app.store import keys
from app.store.meta_field import MetaField
from app.store.migrations.schema import MIGRATIONS, Schema
from tests.store.conftest import Stores
from tests.store.test_short_forms import claim, create, ended, has_hash
from tests.support.invariants import broken, snapshot

META = keys.META


def test_it_moves_nothing_and_refuses_earlier_versions(stores: Stores) -> None:
    event = create(stores, tags=("red",))
    (one,) = claim(stores, event.start_ms)
    # (As an earlier version recorded every end: with a hash.)
    stores.work.record([ended(one, started_ms=1)], event.start_ms + 3)
    assert has_hash(stores, one.occurrence_id)
    stores.client.hset(META.decode(), MetaField.SCHEMA, "7")
    before = snapshot(stores.client)
    scripts = stores.work._scripts
    assert Schema(stores.client, scripts, stores.partitions, MIGRATIONS[:8]).migrate()
    after = snapshot(stores.client)
    assert after.pop(META)[b"schema"] == b"8"
    assert after == {key: value for key, value in before.items() if key != META}
    earlier = Schema(stores.client, scripts, stores.partitions, MIGRATIONS[:7])
    with pytest.raises(LaterStore, match="schema is 8"):
        earlier.check()
    assert stores.work.delete_ended(stores.partitions - 1, event.start_ms + 4, 9) == 1
    assert broken(stores.client, stores.partitions) == []
