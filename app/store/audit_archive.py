"""The older part of the audit log: entries that were packed into segments."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

from app.store import audit_segments as segments
from app.store import keys
from app.store.audit_entries import entries_of
from app.store.audit_segments import SegmentDamaged, StoredEntry
from app.store.connection import StoreClient
from app.store.fields import AuditHeadField
from app.store.scripts import Scripts

SEGMENT = 256
"""Entries in one segment. More would save a byte of each, and a page would decompress more."""

HOT = 64
"""The newest entries are never packed."""

AT_ONCE = 32
"""Segments that one call looks at or deletes."""

OVERDUE_MS = 3_600_000
"""An entry older than allowed by so much goes without waiting for the rest of its segment."""

TRIM = 10_000
"""Entries that were never packed and are deleted at once."""

Row = tuple[bytes, float]
"""A segment and the number of its first entry."""

_log = logging.getLogger(__name__)


class AuditArchive:
    """Packs, reads and deletes old entries. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def pack_oldest(self) -> int:
        """Move the oldest entries into a segment if there are enough; returns how many.

        Entries move in one step, so a reader finds each in one place. If two pack at once, one of
        them does nothing.
        """
        if int(self._client.xlen(keys.AUDIT)) < HOT + SEGMENT:
            return 0
        hot = entries_of(self._client.xrange(keys.AUDIT, count=SEGMENT))
        if not hot:
            return 0
        packed = segments.fitting(hot)
        (first_ms, first), (last_ms, last) = packed[0].position, packed[-1].position
        return int(
            self._scripts(
                "pack_audit",
                [keys.AUDIT, keys.AUDIT_SEGMENTS, keys.AUDIT_HEAD],
                [f"{first_ms}-{first}", f"{last_ms}-{last + 1}", first, segments.pack(packed)],
            )
        )

    def up_to(self, number: int | None) -> list[StoredEntry]:
        """Read what the newest segment has up to an entry's number (``None``: any), oldest first.

        A segment that can't be read is logged and passed over.
        """
        top = "+inf" if number is None else str(number)
        while found := self._before(top):
            entries = [
                one for one in _entries(found[0]) if number is None or one.position[1] <= number
            ]
            if entries:
                return entries
            top = f"({found[0][1]:.0f}"
        return []

    def since(self, number: int) -> list[StoredEntry]:
        """Read what the oldest segment has from an entry's number on, oldest first."""
        found = self._before(number) or self._after(number)
        while found:
            entries = [one for row in found for one in _entries(row) if one.position[1] >= number]
            if entries:
                return entries
            # Not from the number on: the segment that begins there may have come a moment ago.
            found = self._after(f"({found[-1][1]:.0f}")
        return []

    def forget(self, before_ms: int) -> int:
        """Delete entries from before a moment; returns how many.

        A segment goes when all of it is old. What is an hour too old goes without the rest.
        """
        forgotten = 0
        for _ in range(AT_ONCE):
            rows = self._oldest(2)
            if not rows:
                break
            count = self._forget_oldest(rows, before_ms)
            if not count:
                return forgotten
            forgotten += count
        if forgotten:
            return forgotten
        return int(
            self._scripts("trim_audit", [keys.AUDIT, keys.AUDIT_SEGMENTS], [before_ms, TRIM])
        )

    def beyond(self, max_bytes: int) -> tuple[int, int] | None:
        """The first and the last entry to delete so that the log takes no more than some bytes.

        Only what is packed is deleted, and only some of it at once. ``None``: there is nothing.
        """
        excess = log_bytes(self._client) - max_bytes
        if excess <= 0:
            return None
        rows = self._oldest(AT_ONCE)
        last = None
        for segment, number in rows:
            if excess <= 0:
                break
            last = int(number) + (_count(segment) or 1) - 1
            excess -= len(segment)
        return None if last is None else (int(rows[0][1]), last)

    def drop(self, last: int) -> int:
        """Delete the oldest segments, up to the one of an entry; returns how many entries."""
        dropped = 0
        for segment, number in self._oldest(AT_ONCE):
            if number > last:
                break
            dropped += self._cut(int(number), []) and _count(segment)
        return dropped

    def _forget_oldest(self, rows: Sequence[Row], before_ms: int) -> int:
        (segment, number), *others = rows
        try:
            head = segments.head(segment)
        except SegmentDamaged:
            # Its entries are older than those of the next, which may tell.
            is_old = any(_oldest_ms(other) < before_ms for other, _ in others)
            return self._cut(int(number), []) if is_old else 0
        if head.newest_ms < before_ms:
            return self._cut(int(number), []) and head.size
        if head.oldest_ms >= before_ms - OVERDUE_MS:
            return 0
        left = [one for one in _entries(rows[0]) if one.position[0] >= before_ms]
        return self._cut(int(number), left) and head.size - len(left) if left else 0

    def _oldest(self, count: int) -> list[Row]:
        rows: Any = self._client.zrange(keys.AUDIT_SEGMENTS, 0, count - 1, withscores=True)
        return list(rows)

    def _before(self, top: str | int) -> list[Row]:
        """The newest segment that begins at a number or before."""
        rows: Any = self._client.zrevrangebyscore(
            keys.AUDIT_SEGMENTS, top, "-inf", start=0, num=1, withscores=True
        )
        return list(rows)

    def _after(self, bottom: str | int) -> list[Row]:
        """The oldest segment that begins at a number or after."""
        rows: Any = self._client.zrangebyscore(
            keys.AUDIT_SEGMENTS, bottom, "+inf", start=0, num=1, withscores=True
        )
        return list(rows)

    def _cut(self, oldest: int, left: Sequence[StoredEntry]) -> int:
        """Put what is left in the place of the oldest segment; returns 1, or 0 if it has gone."""
        number = left[0].position[1] if left else 0
        segment = segments.pack(left) if left else b""
        keys_given = [keys.AUDIT_SEGMENTS, keys.AUDIT_HEAD]
        return int(self._scripts("cut_audit", keys_given, [oldest, number, segment]))


def log_bytes(client: StoreClient) -> int:
    """How much of the store's memory the whole log takes, about."""
    packed = client.hget(keys.AUDIT_HEAD, AuditHeadField.BYTES)
    return int(packed or 0) + int(client.memory_usage(keys.AUDIT) or 0)


def _entries(row: Row) -> list[StoredEntry]:
    segment, number = row
    try:
        return segments.unpack(segment)
    except SegmentDamaged:
        _log.error("a segment of the audit log can't be read", extra={"seq": int(number)})
        return []


def _count(segment: bytes) -> int:
    try:
        return segments.head(segment).size
    except SegmentDamaged:
        return 0


def _oldest_ms(segment: bytes) -> float:
    try:
        return segments.head(segment).oldest_ms
    except SegmentDamaged:
        return math.inf
