"""A store into which a backup is restored: nobody works with it until it is whole."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import cast

from app.domain.process import process_from_json
from app.errors import ConfigError
from app.store import keys
from app.store.connection import StoreClient
from app.store.meta_field import MetaField
from app.store.migrations.schema import FENCED
from app.store.processes import ProcessStore

HELD_MS = 60_000
"""How long a restore holds the store after its last sign of life."""

BATCH = 1_000

_ANOTHER = (
    "A backup is being restored into this store by another process, or was a moment ago: wait a "
    "minute."
)

_HOUSEKEEPING = re.compile(
    rb"qh:(meta|drains|sweep|\{watch\}:.+|\{archive\}:failing|\{processes\}(:facts)?|\{live\}:.+|\{limits\}:.+|\{metrics\}(:.+)?"
    rb"|\{lateness\}|\{faults\}(:counts)?|\{alerts\}:(leader|watch)|\{audit\}:head)",
    re.DOTALL,
)
"""What processes leave in a store that nobody has used."""


class RestoredStore:
    """The store to restore into. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client
        self._meta = keys.META.decode()

    def require_empty(self) -> None:
        """Raise ``ConfigError`` if the store is in use, or has anything that is not to be lost."""
        now_ms = self._now_ms()
        until = cast("bytes | None", self._client.hget(self._meta, MetaField.RESTORING))
        if until is not None:
            if int(until) > now_ms:
                raise ConfigError(_ANOTHER)
            self.clear()  # it was broken off
        if found := ProcessStore(self._client).alive(now_ms):
            places = sorted(process_from_json(facts).place for facts in found.values())
            raise ConfigError(f"Processes run on the store: stop them first: {', '.join(places)}.")
        for some in self._ours():
            if any(not _HOUSEKEEPING.fullmatch(key) for key in some):
                raise ConfigError(
                    "The store is not empty: restore into an empty one, with another "
                    "QHRONOS_DATA_DIR or QHRONOS_REDIS_URL."
                )

    def fence(self, partitions: int) -> None:
        """Empty the store, and have no process of any version work with it.

        Raises ``ConfigError`` as ``require_empty`` does: the backup was read since that was asked,
        which takes minutes if it is large.
        """
        self.require_empty()
        if not self._client.hsetnx(self._meta, MetaField.RESTORING, str(self._now_ms() + HELD_MS)):
            raise ConfigError(_ANOTHER)
        self._clear_others()
        self._client.hset(self._meta, MetaField.SCHEMA, str(FENCED))
        self._client.hset(self._meta, MetaField.PARTITIONS, str(partitions))
        self.hold()

    def hold(self) -> None:
        """Say that the restore goes on."""
        self._client.hset(self._meta, MetaField.RESTORING, str(self._now_ms() + HELD_MS))

    def open(self, meta: dict[bytes, bytes], partitions: int, former: int) -> None:
        """Let processes work with the store: it is whole, and has the fields ``meta``.

        ``former`` is how many partitions the backup's store had. Raises ``ConfigError`` if a
        process has come meanwhile.
        """
        if ProcessStore(self._client).alive(self._now_ms()):
            raise ConfigError("Processes were started on the store: stop them, and restore again.")
        fields = {name.decode(): value for name, value in meta.items()}
        if former != partitions:
            fields.setdefault(MetaField.NAMED, b"%d" % former)
        if partitions > former:  # the next rebalance spreads what is there
            moving = f"{former} {partitions} {self._now_ms()}"
            fields.setdefault(MetaField.MOVING, moving.encode())
        if partitions < former:
            fields.setdefault(MetaField.FOLDED, b"%d" % former)
        fields[MetaField.PARTITIONS] = b"%d" % partitions
        fields[MetaField.RESTORED] = secrets.token_hex(8).encode()
        pipe = self._client.pipeline(transaction=True)
        pipe.delete(self._meta)
        pipe.hset(self._meta, mapping=fields)  # type: ignore[arg-type]
        pipe.execute()

    def clear(self) -> None:
        """Delete everything of ours."""
        self._clear_others()
        self._client.delete(self._meta)

    def _clear_others(self) -> None:
        """Delete everything but ``qh:meta``, which says that nobody else may use the store."""
        for some in self._ours():
            if others := [key for key in some if key != keys.META]:
                self._client.unlink(*others)

    def _ours(self) -> Iterator[list[bytes]]:
        cursor = 0
        while True:
            cursor, some = cast(
                "tuple[int, list[bytes]]", self._client.scan(cursor, match="qh:*", count=BATCH)
            )
            if some:
                yield some
            if not cursor:
                return

    def _now_ms(self) -> int:
        seconds, micros = self._client.time()
        return int(seconds) * 1000 + int(micros) // 1000


def may_have(meta: dict[bytes, bytes], partitions: int, wanted: int) -> bool:
    """Whether a store of these fields and partitions can be restored into another number.

    One that was restored into fewer has ids of partitions that are gone: they stay together.
    """
    if MetaField.FOLDED.encode() not in meta:
        return True
    return partitions % wanted == 0
