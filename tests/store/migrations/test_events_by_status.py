"""Events of before there were indexes by status are listed under theirs."""

from __future__ import annotations

import pytest

from app.store import keys
from app.store.fields import EventField
from app.store.meta_field import MetaField
from app.store.migrations import events_by_status
from app.store.migrations.schema import Schema
from tests.store.conftest import Stores

PER_STATUS = 3
STATUSES = ("active", "paused", "inactive")


def old_key(partition: int) -> bytes:
    return keys.prefix(partition) + b"events"


@pytest.fixture
def old(stores: Stores) -> dict[bytes, tuple[int, str]]:
    """Events as an earlier version has stored them: id → partition and status."""
    stores.client.hset(keys.META.decode(), MetaField.PARTITIONS, str(stores.partitions))
    made: dict[bytes, tuple[int, str]] = {}
    for partition in range(stores.partitions):
        for number in range(PER_STATUS * len(STATUSES)):
            event_id = bytes([partition, number]) * 8
            status = STATUSES[number % len(STATUSES)]
            key = keys.event(partition, event_id).decode("latin-1")
            stores.client.hset(key.encode("latin-1"), EventField.STATUS, status)  # type: ignore[arg-type]
            stores.client.zadd(old_key(partition), {event_id: 1_000 + number})
            made[event_id] = (partition, status)
    return made


def schema_of(stores: Stores) -> Schema:
    return Schema(
        stores.client, stores.work._scripts, stores.partitions, (events_by_status.EVENTS_BY_STATUS,)
    )


def test_each_event_is_listed_under_its_status_by_when_it_was_created(
    stores: Stores, old: dict[bytes, tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_by_status, "BATCH", 2)
    assert schema_of(stores).migrate()
    for event_id, (partition, status) in old.items():
        listed = stores.client.zscore(keys.events(partition, status), event_id)
        assert listed == 1_000 + event_id[1]
    for partition in range(stores.partitions):
        assert not stores.client.exists(old_key(partition))
        counts = [stores.client.zcard(keys.events(partition, one)) for one in STATUSES]
        assert counts == [PER_STATUS] * len(STATUSES)


def test_what_changed_while_it_ran_stays_as_it_is(
    stores: Stores, old: dict[bytes, tuple[int, str]]
) -> None:
    """An event that was ended or deleted beside it is listed as what it is now, or not at all."""
    ended, gone = (one for one, where in list(old.items())[::3][:2] if where == (0, "active"))
    stores.client.hset(keys.event(0, ended), EventField.STATUS, "inactive")  # type: ignore[arg-type]
    stores.client.zadd(keys.events(0, "inactive"), {ended: 1_000 + ended[1]})
    stores.client.delete(keys.event(0, gone))
    assert schema_of(stores).migrate()
    assert stores.client.zscore(keys.events(0, "active"), ended) is None
    assert stores.client.zscore(keys.events(0, "inactive"), ended) == 1_000 + ended[1]
    assert all(stores.client.zscore(keys.events(0, one), gone) is None for one in STATUSES)
