"""Cursors: positions in a list that clients send back, signed."""

from __future__ import annotations

import base64
import binascii
import hmac

from app.errors import InvalidInput
from app.store.indexes import IndexReader
from app.store.selections import Entry, Selection


class Cursors:
    """Makes and checks cursors; a cursor is valid only for the list that it was made for."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def encode(self, entry: Entry, context: str) -> str:
        """Make a cursor for what comes after ``entry``."""
        body = entry[0].to_bytes(8, "big", signed=True) + entry[1]
        return base64.urlsafe_b64encode(body + self._mac(body, context)).decode().rstrip("=")

    def decode(self, cursor: str | None, context: str) -> Entry | None:
        """Read a cursor; raises ``InvalidInput`` for one that was not made for this list."""
        if cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raw = b""
        body, mac = raw[:24], raw[24:]
        if len(body) != 24 or not hmac.compare_digest(mac, self._mac(body, context)):
            raise InvalidInput.field("cursor", "use the cursor of the list's own Link header")
        return int.from_bytes(body[:8], "big", signed=True), body[8:]

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

    def _mac(self, body: bytes, context: str) -> bytes:
        return hmac.digest(self._key, b"cursor\0" + body + context.encode(), "sha256")[:12]
