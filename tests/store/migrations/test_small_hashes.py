"""What an earlier version stored in long values is stored in small ones, and says the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.attempt import Attempt
from app.domain.event import Event
from app.store import keys
from app.store.attempts import read_log, write_line
from app.store.codec import definition_to_doc
from app.store.event_plans import Plan
from app.store.fields import OccurrenceField
from app.store.migrations import small_hashes
from app.store.migrations.schema import Schema
from tests.store.conftest import Stores, open_stores
from tests.store.test_attempts import ATTEMPTS
from tests.support.builders import an_event
from tests.support.invariants import broken, snapshot

PIECES = ("d2", "d3", "d4", "m2", "m3", "m4")


def old_line(attempt: Attempt) -> bytes:
    """The line as the earlier version wrote it."""
    values = [attempt.number, *attempt.timings, attempt.status_code]
    values += [attempt.error_message, attempt.claimed_ms]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def store(stores: Stores, length: int) -> Event:
    event = an_event(
        partition=stores.partitions - 1,
        description="d" * length,
        metadata_json='{"text":"%s"}' % ("ü" * (length // 2)),
    )
    stores.events.save(event, Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms), None, 1)
    return stores.events.get(event.id)


def as_before(stores: Stores, events: list[Event]) -> None:
    """Store events, their occurrences' logs and the lanes as the earlier version did."""
    partition = stores.partitions - 1
    for event in events:
        key = keys.event_of(event.id)
        stores.client.hdel(key, *PIECES)
        doc, meta = definition_to_doc(event.definition), event.metadata_json
        stores.client.hset(key, mapping={"doc": doc, "meta": meta})
    if stores.client.exists(keys.lanes(partition)):
        stores.client.rename(keys.lanes(partition), keys.prefix(partition) + b"lanes")
    stores.client.hset(keys.META.decode(), "anything", "")


def migrate(stores: Stores) -> None:
    migrations = (small_hashes.SMALL_HASHES,)
    schema = Schema(stores.client, stores.work._scripts, stores.partitions, migrations)
    while not schema.migrate(limit_s=0.0):
        pass


def in_partitions(stores: Stores) -> dict[bytes, object]:
    return {key: value for key, value in snapshot(stores.client).items() if key != keys.META}


def test_an_event_is_as_if_this_version_had_stored_it(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is a process of its own: one that is killed is followed by another."""
    monkeypatch.setattr(small_hashes, "BATCH", 10)
    events = [store(stores, length) for length in (0, 20, 64, 120, 200, 2_000) * 30]
    wanted = in_partitions(stores)
    as_before(stores, events)
    assert in_partitions(stores) != wanted
    migrate(stores)
    assert in_partitions(stores) == wanted
    assert stores.events.get_many([event.id for event in events]) == events
    assert broken(stores.client, stores.partitions) == []


def test_it_is_read_before_it_is_moved(stores: Stores) -> None:
    events = [store(stores, length) for length in (0, 120, 2_000)]
    as_before(stores, events)
    assert stores.events.get_many([event.id for event in events]) == events


def test_a_worker_of_an_earlier_version_claims_nothing_from_then_on(stores: Stores) -> None:
    """It would not understand an event that is stored in pieces; what it adds is moved, too."""
    partition = stores.partitions - 1
    event = store(stores, 120)
    as_before(stores, [event])
    migrate(stores)
    assert not stores.client.exists(keys.prefix(partition) + b"lanes")
    stores.client.rename(keys.lanes(partition), keys.prefix(partition) + b"lanes")
    Schema(stores.client, stores.work._scripts, stores.partitions).follow()
    (claimed,) = stores.work.claim(
        partition, b"w", 1, now_ms=event.start_ms, limit=9, lease_ms=30_000
    )
    assert claimed.event_id == event.id


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(attempts=st.lists(ATTEMPTS, min_size=1, max_size=4))
def test_logs_say_the_same(store_url: str, attempts: list[Attempt]) -> None:
    stores = open_stores(store_url, 1)
    stores.client.flushall()
    event = store(stores, 0)
    (claimed,) = stores.work.claim(0, b"w", 1, now_ms=event.start_ms, limit=9, lease_ms=30_000)
    key = keys.occurrence_of(claimed.occurrence_id)
    log = b"".join(map(old_line, attempts))
    stores.client.hset(key, OccurrenceField.LOG, log)
    before = stores.client.hgetall(key)
    as_before(stores, [event])
    assert read_log(log) == attempts
    migrate(stores)
    written = b"".join(map(write_line, attempts))
    after = stores.client.hgetall(key)
    stores.client.close()
    assert read_log(after[b"log"]) == attempts
    assert after == {**before, b"log": written}
