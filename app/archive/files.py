"""One file of the archive: JSON Lines, compressed with zstd, never changed once it is written.

Its first line is a header, an object with these members::

    qhronos_archive   1, the version of this form
    holds             occurrences or events
    partition, slot   where it belongs: see ``names``
    made_at           when it was written
    count             how many records follow, one a line
    sha256            of these lines, each with its newline
    scheduled_from, scheduled_to   of occurrences: the earliest and the latest scheduled time

The header is a frame of its own (RFC 8878 section 3.1): it is read without what follows it, and
``zstdcat`` reads both.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import zstandard

VERSION = 1
LEVEL = 9
"""Of zstd, from 1 to 22: files are a seventh smaller than at 3, for 6 µs a record more."""

MAX_RECORDS = 50_000
MAX_RAW = 32 << 20
"""Records, and bytes of them, from which on what is written together takes no more of them."""

MAX_LINE = 64 << 20
"""Bytes beyond which a line is not one of ours: who reads it must not fill his memory."""

_CHUNK = 1 << 16


class FileDamaged(Exception):
    """A file of the archive is not as it was written; the text says in what."""


@dataclass(slots=True)
class FileWriter:
    """Puts a file together in memory: its lines as they are, until it is whole.

    A compressor takes ten megabytes for itself, and records of a month may be in as many files as
    it has hours: so there is one at a time. ``raw`` is bytes.
    """

    holds: str
    partition: int
    slot: str
    count: int = 0
    raw: int = 0
    scheduled: tuple[str, str] | None = None
    _digest: Any = field(default_factory=hashlib.sha256)
    _lines: list[bytes] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        """Of all lines so far."""
        return str(self._digest.hexdigest())

    def add(self, line: bytes, scheduled_at: str | None = None) -> None:
        """Add a record, a line without its end."""
        line += b"\n"
        self._digest.update(line)
        self._lines.append(line)
        self.count += 1
        self.raw += len(line)
        if scheduled_at is not None:
            first, last = self.scheduled or (scheduled_at, scheduled_at)
            self.scheduled = min(first, scheduled_at), max(last, scheduled_at)

    def finish(self, made_at: str) -> bytes:
        """Return the whole file."""
        header: dict[str, Any] = {
            "qhronos_archive": VERSION,
            "holds": self.holds,
            "partition": self.partition,
            "slot": self.slot,
            "made_at": made_at,
            "count": self.count,
            "sha256": self.sha256,
        }
        if self.scheduled:
            header |= {"scheduled_from": self.scheduled[0], "scheduled_to": self.scheduled[1]}
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        first = packer.compress(json.dumps(header).encode() + b"\n")
        records = packer.compressobj()
        return b"".join((first, *map(records.compress, self._lines), records.flush()))


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself; see above."""

    holds: str
    partition: int
    slot: str
    count: int
    sha256: str
    scheduled_from: str | None
    scheduled_to: str | None


class FileReader:
    """Reads a file line by line, in bounded memory; raises ``FileDamaged``."""

    def __init__(self, stream: BinaryIO) -> None:
        unpacked = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
        self._lines = io.BufferedReader(_Unpacked(unpacked), _CHUNK)
        self.header = _header(self._line())

    def records(self) -> Iterator[bytes]:
        """Every record, without the line's end; at the end, raise if any is lost or changed."""
        digest, count = hashlib.sha256(), 0
        while line := self._line():
            digest.update(line)
            count += 1
            if count > self.header.count:
                break
            yield line[:-1]
        if count != self.header.count:
            raise FileDamaged(f"it has {count} records in place of {self.header.count}")
        if digest.hexdigest() != self.header.sha256:
            raise FileDamaged("its records are not those that were written")

    def _line(self) -> bytes:
        try:
            line = self._lines.readline(MAX_LINE)
        except zstandard.ZstdError as error:
            raise FileDamaged(f"zstd can't unpack it ({error})") from None
        if line and not line.endswith(b"\n"):
            raise FileDamaged("a line has no end")
        return line


class _Unpacked(io.RawIOBase):
    """The unpacked bytes, as ``BufferedReader`` wants them."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return int(self._stream.readinto(buffer))


def _header(line: bytes) -> Header:
    try:
        found = json.loads(line)
        if found["qhronos_archive"] != VERSION:
            raise FileDamaged("a later version of Qhronos wrote it")
        return Header(
            str(found["holds"]),
            int(found["partition"]),
            str(found["slot"]),
            int(found["count"]),
            str(found["sha256"]),
            _text(found.get("scheduled_from")),
            _text(found.get("scheduled_to")),
        )
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        raise FileDamaged("its first line is no header") from None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
