"""A backup becomes the content of an empty store, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from app.backup.copying import StoreCopy
from app.backup.folding import list_anew, make_ready
from app.backup.leaves import unite_leaves
from app.backup.loading import LoadedBackup
from app.backup.moved_events import fold_moves
from app.backup.pages import unite_pages
from app.backup.surveys import Survey, Tell, prepare, refuse_problems, survey
from app.backup.wording import BackupRefused
from app.domain import ids
from app.store import keys
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.meta_field import MetaField
from app.store.restores import RestoredStore, may_have

_PLACES = (
    *(MetaField.MIGRATION, MetaField.INDEXING, MetaField.MIGRATOR, MetaField.MIGRATOR_UNTIL),
    *(MetaField.GROWING, MetaField.RAISED),
)
"""Where something goes on, by the former partitions; it begins anew. Events that are still to be
moved to some of these (``MOVING``) can be, unless these are gone."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored."""

    survey: Survey
    keys: int


def restore(
    backup: LoadedBackup,
    name: str,
    target: StoreClient,
    partitions: int,
    tell: Tell = lambda _some: None,
) -> Restored:
    """Copy a loaded backup into an empty store with so many partitions.

    ``tell`` is given the ids of what may be delivered again.

    Raises ``ConfigError`` and leaves nothing behind if that can't be done.
    """
    store = RestoredStore(target)
    store.require_empty()
    now_ms = Coordination(target).time_us() // 1000
    former = prepare(backup.client, backup.header, name)
    meta = cast("dict[bytes, bytes]", backup.client.hgetall(keys.META.decode()))
    if not may_have(meta, former, partitions):
        raise BackupRefused(
            f"{name} is of a store that was restored into {former} partitions, fewer than it had: "
            f"set QHRONOS_PARTITIONS to a number that {former} is a multiple of."
        )
    found = survey(backup.client, former, backup.header.taken_ms, now_ms, tell)
    refuse_problems(name, found.problems)
    if partitions < former:
        make_ready(backup.client, former)
        fold_moves(backup.client, former, partitions, now_ms)
    store.fence(partitions)
    try:
        copied = StoreCopy(backup.client, target, partitions, former, store.hold).run()
        if partitions < former:
            _go_by(partitions, int(meta.get(MetaField.FOLDED.encode(), former)))
            unite_pages(backup.client, target, partitions, former, store.hold)
            unite_leaves(backup.client, target, partitions, former, store.hold)
            list_anew(target, partitions, store.hold)
        for place in (*_PLACES, MetaField.MOVING) if partitions < former else _PLACES:
            meta.pop(place.encode(), None)
        store.open(meta, partitions, former)
    except BaseException:
        store.clear()
        raise
    found.partitions = Coordination(target).follow_partitions()
    return Restored(found, copied)


def _go_by(partitions: int, former: int) -> None:
    """Have ids go by the united partitions, and know of no event where it was in the others."""
    ids.keep_to()
    ids.keep_to(partitions, former, moved_among=partitions)
