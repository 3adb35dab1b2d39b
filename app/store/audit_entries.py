"""An entry of the audit log as the stream has it, before it is packed into a segment.

    the hash that it follows, its own hash (32 bytes each), the entry (a raw deflate stream)

Entries say much the same, so they are compressed with a dictionary: what is left of the 750 bytes
of a created event is 180. The dictionary is a part of the form: another one needs a field of its
own.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from app.store.audit_segments import MAX_INFLATED, Position, StoredEntry, raw_digest
from app.store.fields import AuditEntryField

_DICTIONARY = (
    b'"id":"8000-"id":"9000-"address":"10.0."192.168."172.16."outcome":"unknown"'
    b'{"action":"calendar.put"{"action":"flow.update"{"action":"occurrence.redeliver"'
    b'{"action":"retry.create"{"action":"token.create"{"action":"token.revoke"'
    b'{"action":"event.trigger"{"action":"event.pause"{"action":"event.resume"'
    b'{"action":"event.delete"{"action":"event.update"'
    b'{"action":"event.create","actor":"master token","address":"127.0.0.1","after":{'
    b'"action":{"params":{"url":"https://example.com/api/webhook"},"type":"webhook"},'
    b'"created_at":"2026-12-11T00:00:00.000Z","description":"","has_hmac_secret":true,'
    b'"has_hmac_secret":false,"hmac_secret":"***","id":"01a2","metadata":{},"name":"",'
    b'"next_occurrence_at":"2026-12-26T09:00:00.000Z","schedule":{"frequency":"weekly",'
    b'"frequency":"daily","interval":1,"by_day":["MO","FR"],"cron":"0 * * * *"},'
    b'"schedule":null,"start_time":"2026-11-26T00:00:00Z","status":"paused",'
    b'"status":"inactive","status":"active","tags":[""],"timezone":"Europe/Berlin",'
    b'"timezone":null,"updated_at":"2026-12-11T09:00:00.000Z",'
    b'"webhook":"https://hooks.example.com/"},"at":"2026-11-26T00:00:00.000Z",'
    b'"before":null,"object":"01a2","request":"","seq":1,"token":null}'
)

_WINDOW_BITS, _MEMORY = -12, 5
"""A window of 4 KB: larger ones cost more time to set up than they save."""

_WRITER = zlib.compressobj(6, zlib.DEFLATED, _WINDOW_BITS, _MEMORY, zdict=_DICTIONARY)

_SIZE = 32
_ENTRY, _PREVIOUS, _HASH = b"e", b"p", b"h"
"""The fields of entries that were added before schema 3; those are packed like all others."""


def pack_entry(text: str, previous: str, digest: str) -> bytes:
    """Write an entry, the hash that it follows and its own, both in hex."""
    writer = _WRITER.copy()  # it has read the dictionary
    packed = writer.compress(text.encode()) + writer.flush()
    return raw_digest(previous) + raw_digest(digest) + packed


def read_entry(entry_id: bytes, fields: Mapping[bytes, bytes]) -> StoredEntry:
    """Read an entry of the stream; one that was tampered with breaks the chain."""
    packed = fields.get(AuditEntryField.PACKED.encode())
    if packed is None:
        text, previous, digest = (
            fields.get(name, b"").decode(errors="replace") for name in (_ENTRY, _PREVIOUS, _HASH)
        )
        return StoredEntry(_position(entry_id), text, previous, digest)
    return StoredEntry(
        _position(entry_id),
        _inflate(packed[2 * _SIZE :]).decode(errors="replace"),
        packed[:_SIZE].hex(),
        packed[_SIZE : 2 * _SIZE].hex(),
    )


def entries_of(rows: Any) -> list[StoredEntry]:
    """Read entries of the stream."""
    return [read_entry(entry_id, fields) for entry_id, fields in rows]


def _inflate(data: bytes) -> bytes:
    reader = zlib.decompressobj(_WINDOW_BITS, zdict=_DICTIONARY)
    try:
        return reader.decompress(data, MAX_INFLATED)
    except zlib.error:
        return b"{}"


def _position(entry_id: bytes) -> Position:
    ms, _, number = entry_id.partition(b"-")
    return int(ms), int(number)
