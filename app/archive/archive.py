"""The archive: whole files go in, one after the other; records come out, each once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, cast

from app.archive import names
from app.archive.files import FileDamaged, FileReader, FileWriter, Header
from app.archive.place import ArchiveFailed, ArchivePlace, reason_of
from app.domain import ids
from app.domain.times import to_rfc3339


@dataclass(frozen=True, slots=True)
class Selected:
    """Which records to read: all that every filter takes. Times are ms UTC, both included."""

    holds: str = names.OCCURRENCES
    partition: int | None = None
    ids: frozenset[str] = frozenset()
    """These occurrences or events alone, by their text; empty: any."""
    event_ids: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    """Any of them is enough, as in lists."""
    from_ms: int | None = None
    to_ms: int | None = None
    """By the scheduled time of an occurrence, and the last change of an event."""

    @property
    def is_all(self) -> bool:
        """Whether it takes everything."""
        bounds = (self.partition, self.from_ms, self.to_ms)
        filters = (self.ids, self.event_ids, self.statuses, self.tags)
        return not any(filters) and all(one is None for one in bounds)

    def may_have(self, header: Header) -> bool:
        """Whether a file may have what is selected."""
        return not (
            (self.from_ms is not None and _is_before(header.scheduled_to, self.from_ms))
            or (self.to_ms is not None and _is_after(header.scheduled_from, self.to_ms))
        )

    def takes(self, record: dict[str, Any]) -> bool:
        """Whether a record is selected."""
        at = str(record.get("scheduled_at") or record.get("updated_at"))
        return not (
            (self.ids and record.get("id") not in self.ids)
            or (self.event_ids and record.get("event_id", record["id"]) not in self.event_ids)
            or (self.statuses and record.get("status") not in self.statuses)
            or (self.tags and self.tags.isdisjoint(record.get("tags", ())))
            or (self.from_ms is not None and _is_before(at, self.from_ms))
            or (self.to_ms is not None and _is_after(at, self.to_ms))
        )


def _is_before(at: str | None, ms: int) -> bool:
    return at is not None and _key(at) < _key(to_rfc3339(ms))


def _is_after(at: str | None, ms: int) -> bool:
    return at is not None and _key(at) > _key(to_rfc3339(ms))


def _key(at: str) -> str:
    """A time that sorts: with a fraction or without, Z goes behind all digits."""
    return at.removesuffix("Z")


@dataclass(slots=True)
class Unread:
    """What could not be read, as paths and reasons."""

    files: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was written and read again."""

    path: str
    records: int
    raw: int
    size: int
    """Bytes, unpacked and as it lies there."""


class Archive:
    """Keeps what retention deletes."""

    def __init__(self, place: ArchivePlace) -> None:
        self._place = place

    def keep(self, writer: FileWriter, now_ms: int) -> Kept:
        """Write a file, and read it again; only then may the records be deleted elsewhere.

        Raises ``ArchiveFailed``.
        """
        content = writer.finish(to_rfc3339(now_ms))
        directory = names.directory(writer.holds, writer.partition, writer.slot)
        path = f"{directory}/{names.new_name(writer.slot, now_ms)}"
        self._place.write(path, content)
        try:
            header = self.check(path)
        except FileDamaged as error:
            raise ArchiveFailed(f"what was written can't be read: {error}") from None
        except ArchiveFailed:
            raise
        except Exception as error:  # whatever a library for some cloud raises while one reads
            raise ArchiveFailed(reason_of(error)) from error
        if (header.count, header.sha256) != (writer.count, writer.sha256):
            raise ArchiveFailed("what is read is not what was written")
        return Kept(path, writer.count, writer.raw, len(content))

    def check(self, path: str) -> Header:
        """Read all of a file; raises ``ArchiveFailed`` and ``FileDamaged``."""
        with self._place.read(path) as stream:
            reader = FileReader(stream)
            for _ in reader.records():
                pass
            return reader.header

    def paths(self, holds: str, partition: int | None = None) -> Iterator[tuple[str, str, str]]:
        """Every file, slot by slot for each partition: its path, its directory and its slot."""
        for name in self._place.names(holds):
            number = names.partition_in(name)
            if number is None or partition not in (None, number):
                continue
            for day in filter(names.is_day, self._place.names(f"{holds}/{name}")):
                directory = f"{holds}/{name}/{day}"
                for file in self._place.names(directory):
                    if (slot := names.slot_in(file)) is not None:
                        yield f"{directory}/{file}", directory, slot

    def records(
        self, selected: Selected, damage: Unread, *, of_whole_files: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Read what is selected, each record once, in bounded memory.

        Partition by partition, the slot that ended first comes first. A file that can't be read is
        noted in ``damage``; what it gave before that counts. With ``of_whole_files`` it gives
        nothing: each file is read twice then, as only at its end it is known to be whole.
        """
        files = self.paths(selected.holds, selected.partition)
        for _, group in groupby(files, key=lambda one: one[1:]):
            seen: set[bytes] = set()
            for path, *_ in group:
                for record in self._file(path, selected, damage, of_whole_files):
                    if (key := _identity(record)) not in seen:
                        seen.add(key)
                        yield record

    def _file(
        self,
        path: str,
        selected: Selected,
        damage: Unread,
        is_checked: bool,
    ) -> Iterator[dict[str, Any]]:
        try:
            with self._place.read(path) as stream:
                reader = FileReader(stream)
                if not selected.may_have(reader.header):
                    return
                if is_checked:
                    self.check(path)
                for line in reader.records():
                    record = _parse(line)
                    if selected.takes(record):
                        yield record
        except (FileDamaged, ArchiveFailed) as error:
            damage.files.append((path, str(error)))
        except (OSError, EOFError) as error:
            damage.files.append((path, reason_of(error)))

    def verify(self, tell: Callable[[str, str], object]) -> tuple[int, int, int]:
        """Read everything; returns how many files and records are whole, and files that are not.

        ``tell`` is given the path of each that is not, and what is wrong.
        """
        files, records, wrong = 0, 0, 0
        for holds in (names.OCCURRENCES, names.EVENTS):
            for path, *_ in self.paths(holds):
                try:
                    records += self.check(path).count
                    files += 1
                except (FileDamaged, ArchiveFailed) as error:
                    tell(path, str(error))
                    wrong += 1
                except (OSError, EOFError) as error:
                    tell(path, reason_of(error))
                    wrong += 1
        return files, records, wrong


_TEXTS = ("id", "event_id", "status", "scheduled_at", "completed_at", "updated_at")
"""Members that filters look at."""

_HALF = b"\\ud"
"""How an escaped half of a character begins, which nothing can print; none is written so."""


def _parse(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
        if _HALF in line:
            json.dumps(record, ensure_ascii=False).encode()
        is_right = isinstance(record, dict) and _is_readable(record)
    except (ValueError, RecursionError):
        is_right = False
    if not is_right:
        raise FileDamaged("a line is no record")
    return cast("dict[str, Any]", record)


def _is_readable(record: dict[str, Any]) -> bool:
    tags = record.get("tags", [])
    return (
        all(isinstance(record.get(name, ""), str) for name in _TEXTS)
        and ids.is_written_right(record.get("id", ""))
        and isinstance(tags, list)
        and all(isinstance(one, str) for one in tags)
    )


def _identity(record: dict[str, Any]) -> bytes:
    """What two copies of a record share, in few bytes."""
    ended = record.get("completed_at") or record.get("updated_at") or ""
    return bytes.fromhex(record["id"].replace("-", "")) + ended.encode()
