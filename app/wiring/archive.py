"""Wiring of the archive."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from app.archive.archive import Archive
from app.archive.command import ArchiveStore
from app.archive.place import open_place
from app.config import Settings
from app.domain.past import Past
from app.engine.archiving import Archiving
from app.engine.history_limits import HistoryLimits
from app.store.archive_notes import ArchiveNotes
from app.store.history_size import HistorySizes
from app.store.past import PastStore
from app.wiring.storage import Storage


def archive_of(settings: Settings) -> Archive | None:
    """The archive that the settings name; ``None``: there is none.

    Raises ``ConfigError`` if it can't be reached from this process, whatever is tried.
    """
    if not settings.archive_url:
        return None
    return Archive(open_place(settings.archive_url, settings.data_dir))


def archive_notes(storage: Storage) -> ArchiveNotes:
    """Whether the archive takes files."""
    return ArchiveNotes(storage.client)


def archiving(storage: Storage) -> Archiving | None:
    """What moves records into the archive; ``None``: there is none. Raises ``ConfigError``."""
    archive = archive_of(storage.settings)
    if archive is None:
        return None
    return Archiving(
        archive,
        PastStore(storage.client, storage.scripts),
        storage.occurrences,
        storage.events,
        storage.sweep,
    )


def history_limits(storage: Storage, archive: Archiving | None) -> HistoryLimits:
    """Retention by count and by size."""
    past = PastStore(storage.client, storage.scripts)
    return HistoryLimits(
        past,
        storage.occurrences,
        storage.sweep,
        HistorySizes(storage.client, past, storage.occurrences),
        storage.coordination,
        storage.settings.retention_per_event,
        storage.settings.retention_max_bytes,
        archive,
    )


def archive_store(storage: Storage) -> ArchiveStore:
    """The store that occurrences are brought back into."""
    past = PastStore(storage.client, storage.scripts)

    def bring_back(some: Sequence[Past]) -> int:
        there = storage.occurrences.get_many([one.occurrence.id for one in some])
        missing = [one for one, found in zip(some, there, strict=True) if found is None]
        return past.add(missing, storage.clock.now_ms())

    return ArchiveStore(operator.index(storage.partitions), bring_back)
