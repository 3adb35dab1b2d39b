"""Importing a calendar file: what is asked for, what becomes of each entry, how far it has come.

What a file says is remembered by its source, a feed that somebody imports again and again; a file
without one is of the source that has no name. So the same file is an update.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

from app.domain.access import Access
from app.domain.event import Event
from app.errors import QhronosError

MADE = "made"
UPDATED = "updated"
UNCHANGED = "unchanged"
CANCELLED = "cancelled"
REFUSED = "refused"
OUTCOMES = (MADE, UPDATED, UNCHANGED, CANCELLED, REFUSED)

MAX_VEVENTS = 10_000
"""VEVENTs of one file."""

AT_ONCE = 1_000
"""Of a file with more VEVENTs a job is made."""

SURELY_MEANT = 10
"""So many events end without a word if they have left their source, even if that is most of it."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What is asked for, beside the file.

    ``source`` names the feed that the file is the whole of; ``None``: it is not the whole of
    anything, and nothing ends because it is not in it. ``max_ended`` is how many events may end
    because of that; ``None``: half of them, and never all because of an empty file.
    """

    source: str | None = None
    webhook: str | None = None
    tags: tuple[str, ...] = ()
    timezone: str | None = None
    dry_run: bool = False
    atomic: bool = False
    max_ended: int | None = None

    def allows(self, ending: int, known: int, *, is_empty: bool) -> bool:
        """Whether so many of the events that a source has may end, as they have left it."""
        if self.max_ended is not None:
            return ending <= self.max_ended
        return not is_empty and (ending <= SURELY_MEANT or ending * 2 <= known)


@dataclass(frozen=True, slots=True)
class ImportLine:
    """What becomes of one entry of a file, or of an event that has left its source.

    ``event`` is the event after it (in a dry run: as it would be, without an id of its own);
    ``error`` is why it is refused. ``line`` is that of the file, ``None`` for what is not in it.
    """

    outcome: str
    name: str
    uid: str | None = None
    recurrence_id: str | None = None
    line: int | None = None
    event_id: bytes | None = None
    reason: str | None = None
    notices: tuple[str, ...] = ()
    event: Event | None = field(default=None, compare=False, repr=False)
    error: QhronosError | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class KnownPart:
    """An event that was made of an entry, which replaces the time of a series that ``name`` means.

    ``print`` stands for what the entry said when the event was last written; empty: it is to be
    looked at again. ``done`` is what became of the entry then: an outcome, by the import ``by``.
    """

    name: bytes
    event_id: bytes
    print: bytes
    done: str
    by: bytes

    @property
    def has_ended(self) -> bool:
        """Whether an import has ended the event."""
        return self.done == CANCELLED


class Known(NamedTuple):
    """What a source has of one UID: the name of the UID in the store, and its parts."""

    name: bytes
    parts: tuple[KnownPart, ...]


def digest(*texts: str | bytes, size: int = 16) -> bytes:
    """A name of fixed size for texts, however long they are."""
    made = hashlib.blake2b(digest_size=size, person=b"import")
    for text in texts:
        raw = text.encode() if isinstance(text, str) else text
        made.update(len(raw).to_bytes(4, "big") + raw)
    return made.digest()


def owner_of(access: Access, *, is_master: bool) -> str:
    """Whose sources a token's imports are about: those of its ``sub``, whatever its scope."""
    return "" if is_master else f"sub:{access.subject}"
