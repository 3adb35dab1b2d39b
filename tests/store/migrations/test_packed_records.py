"""A store gets schema 9 as it is: upkeep packs what has ended, and no earlier version starts."""

from __future__ import annotations

import pytest

from app.errors import LaterStore
from app.store import keys
from app.store.meta_field import MetaField
from app.store.migrations.packed_records import PACKED_RECORDS
from app.store.migrations.schema import MIGRATIONS, Schema
from tests.store.conftest import Stores
from tests.store.test_short_forms import claim, create, ended
from tests.support.invariants import snapshot

META = keys.META


def test_it_moves_nothing_and_refuses_earlier_versions(stores: Stores) -> None:
    event = create(stores)
    (one,) = claim(stores, event.start_ms)
    stores.work.record([ended(one, started_ms=1)], event.start_ms + 3)
    before = PACKED_RECORDS.version - 1
    stores.client.hset(META.decode(), MetaField.SCHEMA, str(before))
    found = snapshot(stores.client)
    scripts = stores.work._scripts
    known = MIGRATIONS[: PACKED_RECORDS.version]
    assert Schema(stores.client, scripts, stores.partitions, known).migrate()
    after = snapshot(stores.client)
    assert after.pop(META)[b"schema"] == b"9"
    assert after == {key: value for key, value in found.items() if key != META}
    with pytest.raises(LaterStore, match="schema is 9"):
        Schema(stores.client, scripts, stores.partitions, MIGRATIONS[:before]).check()
