"""What an import is about to do: values that are decided first and written then."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain.access import Access
from app.domain.event import Event
from app.domain.ical.imported import ImportedEntry
from app.domain.imports import REFUSED, ImportLine, Known, KnownPart, digest
from app.errors import InvalidInput, QhronosError
from app.services.queries import EventChanges
from app.store.event_batches import Write

Load = Callable[[Mapping[str, Any]], EventChanges]
"""Checks the body of an event, as ``POST /events`` does; raises ``InvalidInput``."""


@dataclass(slots=True)
class ImportRun:
    """One import, as far as entries are concerned; ``by`` is its own name."""

    by: bytes
    source: bytes
    is_named: bool
    access: Access
    load: Load
    now_ms: int
    worker: bytes = b""
    """Who works on it, where several may."""
    room: int | None = None
    """How many events may still be made; ``None``: any number."""


@dataclass(frozen=True, slots=True)
class ImportStep:
    """What becomes of one entry; ``part`` is noted once ``write`` is done, if there is one."""

    line: ImportLine | None
    before: KnownPart | None = None
    part: KnownPart | None = None
    write: Write | None = None
    changes: EventChanges | None = None


@dataclass(frozen=True, slots=True)
class UidPlan:
    """What becomes of all that a source has of one UID."""

    known: Known
    steps: list[ImportStep] = field(default_factory=list)

    @property
    def lines(self) -> list[ImportLine]:
        """What is answered."""
        return [one.line for one in self.steps if one.line is not None]

    def noted(self, *, is_written: bool) -> Known:
        """What the source has after it; before changed events are written, their parts are open."""
        parts = []
        for one in self.steps:
            part = one.part
            if not is_written and one.write is not None and one.write.before is not None:
                part = replace(one.before, print=b"") if one.before else None
            if part is not None:
                parts.append(part)
        return self.known._replace(parts=tuple(parts))


def uid_name(uid: str) -> bytes:
    """What the store calls a UID."""
    return digest(uid)


def part_name(recurrence_id: str) -> bytes:
    """What the store calls an entry of a UID."""
    return digest(recurrence_id, size=8)


def of_entry(entry: ImportedEntry, error: QhronosError) -> QhronosError:
    """Prefix an error with the entry that it is about."""
    name = f"VEVENT {entry.number}"
    fields = {f"{name}.{path}": said for path, said in error.fields.items()}
    return type(error)(f"{name}: {error.message}", fields=fields)


def error_of(entry: ImportedEntry, name: str | None, reason: str) -> InvalidInput:
    """Return the error for an entry, or for one property of it, that the reader refuses."""
    if name is None:
        return InvalidInput(f"VEVENT {entry.number}: {reason}")
    return InvalidInput.field(f"VEVENT {entry.number}.{name}", reason)


def print_of(entry: ImportedEntry) -> bytes:
    """Return what stands for all that an entry says."""
    body = json.dumps(entry.body, sort_keys=True, separators=(",", ":"), default=list)
    return digest(body)


def line_of(outcome: str, entry: ImportedEntry, event: Event | None) -> ImportLine:
    """Return what is answered for an entry."""
    return ImportLine(
        outcome,
        entry.name,
        entry.uid,
        entry.recurrence_id,
        entry.line,
        None if event is None else event.id,
        notices=entry.notices,
        event=event,
    )


def refused(
    entry: ImportedEntry, part: KnownPart | None, error: QhronosError, line: int, reason: str
) -> ImportStep:
    """Return what becomes of an entry that is refused: nothing."""
    said = replace(line_of(REFUSED, entry, None), line=line, reason=reason, error=error)
    return ImportStep(said, part, part)
