"""Whether the archive takes files: what retention notes for whoever asks how the service is.

In the form of ``keys``::

qh:{archive}:failing              string  since when (ms) it takes none, a space, and why not
"""

from __future__ import annotations

from typing import NamedTuple

from app.store.connection import StoreClient

FAILING = b"qh:{archive}:failing"


class ArchiveFailing(NamedTuple):
    """Since when (ms UTC) the archive takes no files, and why not."""

    since_ms: int
    reason: str


class ArchiveNotes:
    """Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def fails(self, reason: str, now_ms: int) -> bool:
        """Note that it takes no file; returns whether it did before."""
        note = f"{now_ms} {reason}".encode()
        return self._client.set(FAILING, note, nx=True) is None

    def works(self) -> None:
        """Note that it takes files."""
        self._client.delete(FAILING)

    def failing(self) -> ArchiveFailing | None:
        """Answer what was noted; ``None``: it takes files, as far as is known."""
        note = self._client.direct("GET", FAILING)
        if note is None:
            return None
        since, _, reason = note.decode("utf-8", "replace").partition(" ")
        return ArchiveFailing(int(since), reason)
