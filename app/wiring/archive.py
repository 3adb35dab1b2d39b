"""Wiring of the archive."""

from __future__ import annotations

from app.archive.archive import Archive
from app.archive.place import open_place
from app.config import Settings
from app.engine.archiving import Archiving
from app.store.archive_notes import ArchiveNotes
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
