"""Signing secrets of tags in the store: one hash, from each tag to its secret.

A value is when the secret was written, a colon, and the secret, encrypted. Beside them, under the
name that no tag has, stands a version, which rises with every change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

from app.store import keys
from app.store.connection import StoreClient
from app.store.scripts import Scripts

_VERSION = b""


class TagSecret(NamedTuple):
    """A tag's secret as it is encrypted, and when it was last written, ms UTC."""

    encrypted: bytes
    updated_ms: int


class TagSecretStore:
    """Reads and writes them; there are never many. Every call raises ``StoreUnavailable``."""

    def __init__(
        self,
        client: StoreClient,
        scripts: Scripts,
        note: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        """``note`` is given each encrypted value before it is written; see ``key_notes``."""
        self._client = client
        self._scripts = scripts
        self._note = note

    def version(self) -> int:
        """A number that rises with every change."""
        return int(self._client.hget(keys.TAG_SECRETS.decode(), "") or 0)

    def all(self) -> dict[str, TagSecret]:
        """Read every one, by tag."""
        rows = cast("dict[bytes, bytes]", self._client.hgetall(keys.TAG_SECRETS.decode()))
        return {tag.decode(): _read(raw) for tag, raw in sorted(rows.items()) if tag != _VERSION}

    def get(self, tag: str) -> TagSecret | None:
        """Read one."""
        raw = cast("bytes | None", self._client.hget(keys.TAG_SECRETS.decode(), tag))
        return None if raw is None else _read(raw)

    def count(self) -> int:
        """How many there are."""
        return max(int(self._client.hlen(keys.TAG_SECRETS.decode())) - 1, 0)

    def replace(self, tag: str, before: TagSecret | None, after: TagSecret | None) -> bool:
        """Write one in the place of what was read (``None``: there was none, or is to be none).

        Returns whether that was still there; if not, nothing has changed. Harmless when repeated.
        """
        if after is not None:
            self._note(after.encrypted)
        args = [tag.encode(), _text(before), _text(after)]
        return bool(self._scripts("save_tag_secret", [keys.TAG_SECRETS], args))


def _text(secret: TagSecret | None) -> bytes:
    return b"" if secret is None else b"%d:%b" % (secret.updated_ms, secret.encrypted)


def _read(raw: bytes) -> TagSecret:
    updated, _, encrypted = raw.partition(b":")
    return TagSecret(encrypted, int(updated))


def owner_of_tag(tag: str) -> bytes:
    """What the secret of a tag is bound to; longer than the id of an event."""
    return b"signing secret of the tag " + tag.encode()
