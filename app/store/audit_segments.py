"""A segment of the audit log: some hundred entries in a row as one compressed string.

    version, how many entries, number of the first, when the oldest and the newest were added (ms),
    the hash before the first, the hash of each, and then, compressed with zlib:
    when each was added after the one before (ms), the entries as lines

Entries repeat each other, so zlib leaves 45 to 65 bytes of each. Hashes do not compress; they are
kept as they are all the same, so that a check finds the very entry that was changed.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

VERSION = 1

MAX_RAW = 1 << 20
"""Bytes of entries from which on a segment takes no more of them."""

MAX_INFLATED = 64 << 20
"""Bytes beyond which a segment is not one of ours: a request must not fill the memory."""

_HEAD = struct.Struct(">BIQQQ32s")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DIGEST_SIZE = 32

Position = tuple[int, int]
"""When an entry was added (ms UTC) and its number: the order of the log."""


class StoredEntry(NamedTuple):
    """An entry as canonical JSON, the hash that it follows and its own."""

    position: Position
    text: str
    previous: str
    digest: str


class SegmentDamaged(Exception):
    """A segment can't be read."""


class Head(NamedTuple):
    """What can be told of a segment without decompressing it."""

    size: int
    first: int
    """The number of its first entry."""
    oldest_ms: int
    newest_ms: int

    @property
    def last(self) -> int:
        """The number of its last entry."""
        return self.first + self.size - 1


def fitting(entries: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
    """Return those at the beginning that make one segment: at least one.

    Each of them follows the one before. Where the chain is broken a new segment begins, so that it
    stays broken there.
    """
    sizes = accumulate(len(entry.text) for entry in entries)
    ends = (
        number
        for number, (size, (before, entry)) in enumerate(
            zip(sizes, pairwise(entries), strict=False), 1
        )
        if size >= MAX_RAW
        or entry.previous != before.digest
        or entry.position[1] != before.position[1] + 1
    )
    return entries[: next(ends, len(entries))]


def pack(entries: Sequence[StoredEntry]) -> bytes:
    """Write entries that fit into one segment."""
    first, last = entries[0], entries[-1]
    times = [first.position[0], *(entry.position[0] for entry in entries)]
    waits = [after - before for before, after in pairwise(times)]
    lines = "\n".join(entry.text.replace("\n", " ") for entry in entries)
    return b"".join(
        (
            _HEAD.pack(
                VERSION,
                len(entries),
                first.position[1],
                first.position[0],
                last.position[0],
                raw_digest(first.previous),
            ),
            *(raw_digest(entry.digest) for entry in entries),
            zlib.compress(struct.pack(f">{len(waits)}Q", *waits) + lines.encode()),
        )
    )


def head(segment: bytes) -> Head:
    """Read the head of a segment; raises ``SegmentDamaged``."""
    try:
        version, count, first, oldest_ms, newest_ms, _ = _HEAD.unpack_from(segment)
    except struct.error as error:
        raise SegmentDamaged from error
    if version != VERSION or count == 0:
        raise SegmentDamaged
    return Head(count, first, oldest_ms, newest_ms)


def unpack(segment: bytes) -> list[StoredEntry]:
    """Read all entries of a segment, oldest first; raises ``SegmentDamaged``."""
    found = head(segment)
    body = _HEAD.size + found.size * _DIGEST_SIZE
    content = _inflate(segment[body:])
    times = found.size * 8
    try:
        waits = struct.unpack(f">{found.size}Q", content[:times])
    except struct.error as error:
        raise SegmentDamaged from error
    lines = content[times:].decode(errors="replace").split("\n")
    if len(lines) != found.size:
        raise SegmentDamaged
    digests = list(_digests(segment[_HEAD.size - _DIGEST_SIZE : body]))
    moments = (found.oldest_ms + passed for passed in accumulate(waits))
    return [
        StoredEntry((ms, found.first + index), line, previous, digest)
        for index, (ms, line, (previous, digest)) in enumerate(
            zip(moments, lines, pairwise(digests), strict=True)
        )
    ]


def _inflate(data: bytes) -> bytes:
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(data, MAX_INFLATED)
    except zlib.error as error:
        raise SegmentDamaged from error
    if not reader.eof:
        raise SegmentDamaged
    return content


def _digests(raw: bytes) -> Iterable[str]:
    return (raw[at : at + _DIGEST_SIZE].hex() for at in range(0, len(raw), _DIGEST_SIZE))


def raw_digest(digest: str) -> bytes:
    """Return the bytes of a hash in hex; what is no hash breaks the chain, and so does this."""
    return bytes.fromhex(digest) if _DIGEST.fullmatch(digest) else b"\xff" * _DIGEST_SIZE
