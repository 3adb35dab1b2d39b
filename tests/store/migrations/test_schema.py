"""A store is brought to the form of the program: once, by one process at a time, from anywhere."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from app.errors import ConfigError, StoreUnavailable
from app.store import keys
from app.store.meta_field import MetaField
from app.store.migrations import schema as migrations
from app.store.migrations.migration import Migration, Step, Stored
from app.store.migrations.schema import LEASE_MS, MIGRATIONS, Schema
from tests.store.conftest import Stores

META = keys.META.decode()


class Killed(BaseException):
    """The process ends here."""


class Counting:
    """A migration of so many steps in each partition, which counts them."""

    def __init__(self, steps: int = 3) -> None:
        self.steps = steps
        self.taken: list[tuple[int, str]] = []
        self.before: Callable[[], object] = lambda: None
        self.after: Callable[[], None] = lambda: None

    def step(self, _stored: Stored, partition: int, cursor: str) -> Step:
        self.before()
        self.taken.append((partition, cursor))
        self.after()
        number = int(cursor or 0) + 1
        return Step(10, str(number) if number < self.steps else "")

    def migration(self, version: int = 1, *, online: bool = True, **more: bool) -> Migration:
        return Migration(version, "count", self.step, online=online, **more)


def schema_of(stores: Stores, *migrations: Migration) -> Schema:
    """What another process would have."""
    return Schema(stores.client, stores.work._scripts, stores.partitions, migrations)


def stored_schema(stores: Stores) -> bytes | None:
    found = stores.client.hget(META, MetaField.SCHEMA)
    assert isinstance(found, bytes | None)
    return found


@pytest.fixture
def used(stores: Stores) -> Stores:
    """A store that a version has used which knew of no schema."""
    stores.coordination.agree_on_partitions(stores.partitions)
    return stores


def test_the_numbers_of_migrations_begin_at_one_and_leave_none_out() -> None:
    assert [migration.version for migration in MIGRATIONS] == [*range(1, len(MIGRATIONS) + 1)]


def test_a_store_that_nobody_has_used_has_the_newest_form(stores: Stores) -> None:
    counting = Counting()
    schema = schema_of(stores, counting.migration())
    schema.check()
    assert schema.migrate()
    assert counting.taken == []
    assert stored_schema(stores) == b"1"


def test_every_partition_is_migrated_once(used: Stores) -> None:
    counting = Counting(steps=2)
    assert schema_of(used, counting.migration()).migrate()
    assert schema_of(used, counting.migration()).migrate()
    assert counting.taken == [(p, c) for p in range(used.partitions) for c in ("", "1")]
    assert stored_schema(used) == b"1"
    assert set(used.client.hkeys(META)) == {b"partitions", b"schema"}


def test_what_has_no_partitions_is_migrated_once(used: Stores) -> None:
    counting = Counting(steps=2)
    assert schema_of(used, counting.migration(in_partitions=False)).migrate()
    assert counting.taken == [(0, ""), (0, "1")]


def test_migrations_run_in_order_from_the_one_that_the_store_has_seen(used: Stores) -> None:
    first, second = Counting(1), Counting(1)
    assert schema_of(used, first.migration()).migrate()
    assert schema_of(used, first.migration(), second.migration(2)).migrate()
    assert len(first.taken) == len(second.taken) == used.partitions
    assert stored_schema(used) == b"2"


def test_a_process_works_while_it_brings_the_store_to_its_form(
    used: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for what takes a short time, and for what nobody can work beside."""
    monkeypatch.setattr(migrations, "WAIT_S", 0.01)
    counting, goes_on = Counting(1), threading.Event()
    counting.before = goes_on.wait
    schema = schema_of(used, counting.migration())
    thread = schema.migrate_beside()
    schema.check()
    assert stored_schema(used) is None
    goes_on.set()
    assert thread is not None
    thread.join(10)
    assert stored_schema(used) == b"1"
    offline = schema_of(used, counting.migration(), counting.migration(2, online=False))
    assert offline.migrate_beside() is None
    assert stored_schema(used) == b"2"


def test_a_process_waits_for_a_small_store_alone(
    used: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is due in a large one would be late for nothing."""
    monkeypatch.setattr(migrations, "SMALL", 0)
    for index in (b"events", b"events:active"):
        counting, goes_on = Counting(1), threading.Event()
        counting.before = goes_on.wait
        used.client.zadd(keys.prefix(0) + index, {b"an event": 1})
        thread = schema_of(used, counting.migration()).migrate_beside()
        assert thread is not None
        assert thread.is_alive()
        goes_on.set()
        thread.join(10)
        used.client.delete(keys.prefix(0) + index, META)
        used.coordination.agree_on_partitions(used.partitions)


def test_a_process_takes_over_from_one_that_was_killed(
    used: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait for that with its work, and needs no upkeep for it."""
    monkeypatch.setattr(migrations, "TRY_AGAIN_S", 0.01)
    killed: dict[str, str | int] = {MetaField.MIGRATOR: "x", MetaField.MIGRATOR_UNTIL: 2**52}
    used.client.hset(META, mapping=killed)  # type: ignore[arg-type]
    counting = Counting(1)
    thread = schema_of(used, counting.migration()).migrate_beside()
    assert thread is not None
    assert counting.taken == []
    used.client.hset(META, MetaField.MIGRATOR_UNTIL, 1)
    thread.join(10)
    assert stored_schema(used) == b"1"


def test_what_is_due_is_brought_along_while_an_earlier_migration_goes_on(
    used: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is delivered as if its own had come already; those that do not follow have to wait."""
    monkeypatch.setattr(migrations, "FOLLOW_EVERY_S", 0.0)
    long, due, other = Counting(2), Counting(1), Counting(1)
    seen: list[int] = []
    long.after = lambda: seen.append(len(due.taken))
    schema_of(used, long.migration(), due.migration(2, follows=True), other.migration(3)).migrate()
    assert seen == [number * used.partitions for number in range(1, 2 * used.partitions + 1)]
    assert len(other.taken) == used.partitions


def test_a_store_that_goes_away_meanwhile_is_no_error(used: Stores) -> None:
    counting = Counting(1)

    def is_away() -> None:
        raise StoreUnavailable

    counting.before = is_away
    thread = schema_of(used, counting.migration()).migrate_beside()
    assert thread is not None
    thread.join(10)
    assert stored_schema(used) is None
    counting.before = lambda: None
    assert schema_of(used, counting.migration()).migrate()


@pytest.mark.parametrize("killed_at", range(1, 4))
def test_another_process_goes_on_where_a_killed_one_was(used: Stores, killed_at: int) -> None:
    """After its lease; the step during which it was killed is repeated, no other."""
    counting = Counting()
    schema = schema_of(used, counting.migration())

    def kill() -> None:
        if len(counting.taken) == killed_at:
            schema._hold = lambda *_, **__: False  # type: ignore[method-assign]
            raise Killed

    counting.after = kill
    with pytest.raises(Killed):
        schema.migrate()
    counting.after = lambda: None
    following = schema_of(used, counting.migration())
    assert not following.migrate(), "the lease of the killed one still holds"
    used.client.hset(META, MetaField.MIGRATOR_UNTIL, 1)
    assert following.migrate()
    expected = [(p, c) for p in range(used.partitions) for c in ("", "1", "2")]
    assert counting.taken[killed_at - 1] == counting.taken.pop(killed_at)
    assert counting.taken == expected


def test_whoever_was_held_up_beyond_its_lease_stops(used: Stores) -> None:
    """What it noted after another took over would set that one back."""
    counting = Counting()
    schema = schema_of(used, counting.migration())

    def take_over() -> None:
        later = {MetaField.MIGRATOR: "another", MetaField.MIGRATOR_UNTIL: 2**52}
        used.client.hset(META, mapping=later)  # type: ignore[arg-type]

    counting.before = take_over
    assert not schema.migrate()
    assert len(counting.taken) == 1
    assert used.client.hget(META, MetaField.MIGRATOR) == b"another"
    assert used.client.hget(META, MetaField.MIGRATION) is None


def test_the_lease_is_renewed_with_every_step_and_ends_with_the_migration(used: Stores) -> None:
    counting, untils = Counting(), []

    def look() -> None:
        found = used.client.hget(META, MetaField.MIGRATOR_UNTIL)
        untils.append(int(found or 0) - used.coordination.time_us() // 1000)  # type: ignore[arg-type]

    counting.before = look
    assert schema_of(used, counting.migration()).migrate()
    assert all(LEASE_MS - 5_000 < left <= LEASE_MS for left in untils)
    assert used.client.hget(META, MetaField.MIGRATOR) is None


def test_a_bounded_run_lets_others_go_on(used: Stores) -> None:
    counting = Counting()
    schema = schema_of(used, counting.migration())
    assert not schema.migrate(limit_s=0)
    assert counting.taken == [(0, "")]
    moved = int(used.client.hget(META, MetaField.MIGRATED) or 0)
    assert 0 <= used.coordination.time_us() // 1_000 - moved < 60_000, (
        "who looks sees that it goes on"
    )
    assert schema_of(used, counting.migration()).migrate()
    assert counting.taken[1] == (0, "1")


@pytest.mark.parametrize(("online", "works"), [(True, True), (False, False)])
def test_others_work_beside_a_migration_if_they_may(
    used: Stores, online: bool, works: bool
) -> None:
    """One whose form only this version's scripts understand keeps them waiting."""
    schema = schema_of(used, Counting().migration(online=online))
    if works:
        schema.check()
        return
    with pytest.raises(StoreUnavailable, match="form of this version"):
        schema.check()
    assert schema.migrate()
    schema.check()


def test_a_store_of_a_later_version_is_refused(used: Stores) -> None:
    used.client.hset(META, MetaField.SCHEMA, "7")
    schema = schema_of(used, Counting().migration())
    for refuse in (schema.check, schema.migrate):
        with pytest.raises(ConfigError, match=r"its schema is 7, this version knows 1"):
            refuse()


def test_the_log_says_how_far_it_is(used: Stores, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        schema_of(used, Counting(1).migration()).migrate()
    assert "brought to schema 1 (count): 0 records so far" in caplog.messages[0]
    assert f"has schema 1 (count): {10 * used.partitions} records" in caplog.messages[-1]
