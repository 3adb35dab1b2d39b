"""Cursors: positions in a list that clients send back, signed or encrypted.

A position of ids and times is signed. One in an order of texts is encrypted: a list passes over
what a token may not see, so the place where it stopped may be the name of something hidden.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from bisect import bisect_right
from collections.abc import Sequence

from app.crypto.encryption import DecryptionFailed, Encryptor, derived_key
from app.errors import InvalidInput
from app.store.indexes import IndexReader
from app.store.selections import Entry, Selection

_ENTRY, _MAC = 24, 12
"""Bytes of an entry and of what signs a cursor."""

_FOREIGN = "use the cursor of the list's own Link header"


class Cursors:
    """Makes and checks cursors; a cursor is valid only for the list that it was made for."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._marks = Encryptor([derived_key(key, "cursors")])

    def encode(self, entry: Entry, context: str) -> str:
        """Make a cursor for what comes after ``entry``."""
        body = entry[0].to_bytes(8, "big", signed=True) + entry[1]
        return base64.urlsafe_b64encode(body + self._mac(body, context)).decode().rstrip("=")

    def decode(self, cursor: str | None, context: str) -> Entry | None:
        """Read a cursor; raises ``InvalidInput`` for one that was not made for this list."""
        if cursor is None:
            return None
        body = self._body(cursor, context)
        if len(body) != _ENTRY:
            raise InvalidInput.field("cursor", _FOREIGN)
        return int.from_bytes(body[:8], "big", signed=True), body[8:]

    def encode_mark(self, body: bytes, context: str) -> str:
        """Make a cursor for what comes after a place in a list that has no times."""
        sealed = self._marks.encrypt(body, _mark_of(context))
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def decode_mark(self, cursor: str | None, context: str) -> bytes | None:
        """The reverse of ``encode_mark``; raises as ``decode``."""
        if cursor is None:
            return None
        try:
            return self._marks.decrypt(_bytes(cursor), _mark_of(context))
        except DecryptionFailed:
            raise InvalidInput.field("cursor", _FOREIGN) from None

    def names(
        self, names: Sequence[str], cursor: str | None, context: str, limit: int
    ) -> tuple[Sequence[str], str | None]:
        """Some names of a list that is in order, and the cursor of the next (``None``: none)."""
        after = self.decode_mark(cursor, context)
        start = 0 if after is None else bisect_right(names, after.decode())
        found, rest = names[start : start + limit], names[start + limit :]
        return found, self.encode_mark(found[-1].encode(), context) if rest else None

    def slice(
        self,
        lists: IndexReader,
        selection: Selection,
        cursor: str | None,
        context: str,
        limit: int,
        *,
        oldest_first: bool = False,
    ) -> tuple[list[bytes], str | None]:
        """Read one page of ids, and the cursor of the next page (``None``: there is none)."""
        after = self.decode(cursor, context)
        entries, last = lists.part(selection, after, limit, oldest_first=oldest_first)
        following = None if last is None else self.encode(last, context)
        return [member for _, member in entries], following

    def _body(self, cursor: str, context: str) -> bytes:
        """What a cursor holds; raises ``InvalidInput`` if it was not made for this list."""
        raw = _bytes(cursor)
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if not hmac.compare_digest(mac, self._mac(body, context)):
            raise InvalidInput.field("cursor", _FOREIGN)
        return body

    def _mac(self, body: bytes, context: str) -> bytes:
        return hmac.digest(self._key, b"cursor\0" + body + context.encode(), "sha256")[:_MAC]


def _bytes(cursor: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        return b""


def _mark_of(context: str) -> bytes:
    return b"cursor\0" + context.encode()
