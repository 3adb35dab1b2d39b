"""The form of the store: which one it has, and how it is brought to the one of this program.

``qh:meta`` has the number of the last migration that the store has seen. One process at a time runs
those that it has not, under a lease that every step renews. It notes where it is, so that whoever
comes after a killed process goes on there.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, cast

from app.domain.event import EventStatus
from app.domain.partition_count import Count, PartitionsNow
from app.errors import LaterStore, StoreUnavailable
from app.store import keys
from app.store.connection import StoreClient
from app.store.meta_field import MetaField
from app.store.migrations.audit_compressed import AUDIT_COMPRESSED
from app.store.migrations.due_by_lane import DUE_BY_LANE
from app.store.migrations.events_by_host import EVENTS_BY_HOST
from app.store.migrations.events_by_name import EVENTS_BY_NAME
from app.store.migrations.events_by_status import EVENTS_BY_STATUS
from app.store.migrations.migration import MOVED, Migration, Stored
from app.store.migrations.packed_records import PACKED_RECORDS
from app.store.migrations.short_ends import SHORT_ENDS
from app.store.migrations.short_occurrences import SHORT_OCCURRENCES
from app.store.migrations.small_hashes import SMALL_HASHES
from app.store.scripts import Argument, Scripts
from app.store.shards import if_there

_log = logging.getLogger(__name__)

MIGRATIONS: tuple[Migration, ...] = (
    EVENTS_BY_STATUS,
    DUE_BY_LANE,
    AUDIT_COMPRESSED,
    SMALL_HASHES,
    EVENTS_BY_NAME,
    EVENTS_BY_HOST,
    SHORT_OCCURRENCES,
    SHORT_ENDS,
    PACKED_RECORDS,
)
"""In the order of their numbers, which begin at 1 and leave none out."""

NEWEST = max(len(MIGRATIONS), MOVED)
"""The newest form that this version works with."""

FENCED = 1_000_000
"""What stands for the number in a store into which a backup is being restored: no process of
any version works with it."""

LEASE_MS = 15_000
"""After so long without a step, another process takes over."""

WAIT_S = 10.0
"""How long a process waits with its work for a small store to be brought to its form. By then it
is, and whatever is looked for is found from the beginning."""

SMALL = 20_000
"""How many events a store has that is worth waiting for."""

TRY_AGAIN_S = 2.0
"""How often a process looks whether it has to take over from another that was killed."""

FOLLOW_EVERY_S = 0.5
"""How often what falls due is brought along while a migration is busy with something else."""

SAY_EVERY_S = 5.0


class Place(NamedTuple):
    """Where a migration goes on."""

    version: int
    partition: int = 0
    done: int = 0
    cursor: str = ""

    def text(self) -> str:
        """The place as it is stored."""
        return f"{self.version} {self.partition} {self.done} {self.cursor}"

    @classmethod
    def read(cls, raw: bytes | None, version: int) -> Place:
        """Where this migration goes on, or its beginning if another one is noted."""
        if raw is not None:
            noted, partition, done, cursor = raw.decode().split(" ", 3)
            if int(noted) == version:
                return cls(version, int(partition), int(done), cursor)
        return cls(version)


class Schema:
    """Reads, checks and raises the form of one store."""

    _partitions = PartitionsNow()

    def __init__(
        self,
        client: StoreClient,
        scripts: Scripts,
        partitions: Count,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        self._client = client
        self._scripts = scripts
        self._partitions = partitions
        self._migrations = migrations
        self._runner = secrets.token_hex(8)

    def pending(self) -> Sequence[Migration]:
        """The migrations that this store has not seen; none if it is new.

        Raises ``LaterStore`` for a store that a later version has written, ``StoreUnavailable``
        while a backup is restored into it.
        """
        stored, newest = self._stored(), len(self._migrations)
        if newest == len(MIGRATIONS):
            newest = NEWEST
        if stored == FENCED:
            raise StoreUnavailable(
                "A backup is being restored into the store; if that was broken off, restore again."
            )
        if stored > newest:
            raise LaterStore(
                f"A later version of Qhronos has used this store (its schema is {stored}, this "
                f"version knows {newest}): start that version, or restore a backup of the store "
                "from before."
            )
        return self._migrations[stored:]

    def check(self) -> None:
        """Raise unless this program can work with the store, as it is now.

        ``LaterStore`` for a store that a later version has written, ``StoreUnavailable`` for one
        that has to be migrated first.
        """
        if any(not migration.online for migration in self.pending()):
            raise StoreUnavailable(
                "The store is being brought to the form of this version; try again shortly."
            )

    def migrate(self, limit_s: float = float("inf")) -> bool:
        """Run the migrations that this store has not seen, one process at a time.

        Returns whether there is nothing left to do: ``False`` if another process does it, or after
        ``limit_s``. Raises ``LaterStore`` for a store that a later version has written.
        """
        until = time.monotonic() + limit_s
        for migration in self.pending():
            try:
                if not self._run(migration, until):
                    return False
            finally:
                self._hold(0)  # nobody has to wait for the lease's end
        return True

    def migrate_beside(self) -> threading.Thread | None:
        """Run them in a thread, if this process can do its work meanwhile; else run them now.

        A large store takes minutes, in which nothing would be delivered: the process goes on at
        once, or after ``WAIT_S`` with a small one. If another process does it, the thread takes
        over should that be killed. What it leaves because its own process ends or the store goes
        away, upkeep goes on with.
        """
        if not all(migration.online for migration in self.pending()):
            self.migrate()
            return None
        tried = threading.Event()
        thread = threading.Thread(
            target=self._migrate_beside, args=(tried,), name="migrations", daemon=True
        )
        thread.start()
        if self._events() <= SMALL:
            tried.wait(WAIT_S)
        return thread

    def _migrate_beside(self, tried: threading.Event) -> None:
        try:
            while not self.migrate():
                tried.set()
                time.sleep(TRY_AGAIN_S)
        except StoreUnavailable:
            _log.warning("the store is away; upkeep brings it to the form of this version")
        finally:
            tried.set()

    def follow(self, after: int = 0) -> None:
        """Move what is due from where an earlier version has it, by the migrations ``after`` one.

        So it is delivered although they have yet to come. And in a rolling upgrade processes of an
        earlier version run beside this one for a while. A bounded part each time.
        """
        stored = Stored(self._client, self._scripts)
        for migration in self._migrations[after:]:
            for partition in range(self._partitions if migration.follows else 0):
                if_there(partial(migration.step, stored, partition, ""))

    def _events(self) -> int:
        """How many events the store has, also in the index that there was at first."""
        pipe = self._client.pipeline(transaction=False)
        for partition in range(self._partitions):
            for index in ("", *(f":{status}" for status in EventStatus)):
                pipe.zcard((keys.prefix(partition) + b"events" + index.encode()).decode())
        return sum(map(int, pipe.execute()))

    def _stored(self) -> int:
        """The store's schema; a store that nobody has used has the newest."""
        meta = keys.META.decode()
        pipe = self._client.pipeline()
        pipe.hget(meta, MetaField.SCHEMA)
        pipe.hlen(meta)
        stored, fields = cast("tuple[bytes | None, int]", pipe.execute())
        if stored is None and not fields:
            self._client.hsetnx(meta, MetaField.SCHEMA, str(len(self._migrations)))
            return self._stored()
        return int(stored or 0)

    def _run(self, migration: Migration, until: float) -> bool:
        """Bring the store to the form of one migration; tell whether that was done."""
        if not self._hold(LEASE_MS):
            _log.info("another process brings the store to schema %s", migration.version)
            return False
        noted = cast("bytes | None", self._client.hget(keys.META.decode(), MetaField.MIGRATION))
        place = Place.read(noted, migration.version)
        stored = Stored(self._client, self._scripts)
        partitions = self._partitions if migration.in_partitions else 1
        say_at = follow_at = 0.0
        while place.partition < partitions:
            if time.monotonic() >= say_at:
                say_at = time.monotonic() + SAY_EVERY_S
                _log.info(
                    "the store is brought to schema %s (%s): %s records so far; it has %s events",
                    *(migration.version, migration.what, place.done, self._events()),
                )
            if time.monotonic() >= follow_at:
                self.follow(migration.version)
                follow_at = time.monotonic() + FOLLOW_EVERY_S
            done, cursor = migration.step(stored, place.partition, place.cursor)
            following = place.partition + (not cursor)
            place = Place(migration.version, following, place.done + done, cursor)
            if not self._hold(LEASE_MS, place.text()) or time.monotonic() >= until:
                return False
        if not self._hold(LEASE_MS, schema=str(migration.version)):
            return False
        _log.info(
            "the store has schema %s (%s): %s records",
            *(migration.version, migration.what, place.done),
        )
        return True

    def _hold(self, lease_ms: int, place: str = "", schema: str = "") -> bool:
        seconds, micros = self._client.time()
        now = int(seconds) * 1000 + int(micros) // 1000
        until_ms = now + lease_ms if lease_ms else 0
        args: list[Argument] = [self._runner, now, until_ms, place, schema]
        return bool(self._scripts("hold_migrations", [keys.META], args))
