"""Signing secrets of events and tags: encrypted when they come in, decrypted for a delivery.

In between they are opaque bytes: nothing that is stored, listed or logged shows them. An encrypted
value has a secret and the previous ones that still sign beside it. An event without a secret of its
own is signed for with that of the first of its tags that has one, else with the service's.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from app.crypto.encryption import DecryptionFailed, Encryptor, KeyMissing
from app.domain.signing import PREFIX
from app.store.tag_secrets import owner_of_tag

MAX_PREVIOUS = 3
"""How many previous secrets sign beside the present one. A client that got no answer repeats its
rotation; the receiver then still has the secret from before the first."""

_REMEMBERED = 4_096
"""How many events' decrypted secrets each process keeps."""

_FIELD = "hmac_secret"


class _Previous(NamedTuple):
    """A previous secret and until when it signs, ms UTC.

    ``""`` stands for what signs for those that have none: for an event, its tag's or the service's.
    """

    secret: str
    until_ms: int


class _Secrets(NamedTuple):
    """The present secret of an event or a tag, and the previous ones."""

    secret: str
    previous: tuple[_Previous, ...] = ()


class SigningSecrets:
    """Encrypts, decrypts and rotates secrets.

    ``default`` signs for events without a secret of their own.
    """

    def __init__(self, encryptor: Encryptor, default: str, seed_key: bytes = b"") -> None:
        """``seed_key`` is what secrets are made with that a seed stands for; ``b""``: none is."""
        self._encryptor = encryptor
        self._seed_key = seed_key
        self._default = (default,)
        self._tags: Mapping[str, bytes] = {}
        self._decrypted = lru_cache(_REMEMBERED)(self._decrypt)

    def new(self, seed: bytes | None) -> str:
        """Return a new secret in the form of Standard Webhooks.

        Without a seed it is random. The same seed makes the same secret, for who has the key.
        """
        if seed is None or not self._seed_key:
            made = secrets.token_bytes(32)
        else:
            made = hmac.digest(self._seed_key, seed, "sha256")
        return PREFIX + base64.b64encode(made).decode()

    def is_present(self, event_id: bytes, stored: bytes | None, secret: str) -> bool:
        """Whether an event is signed for with this secret of its own already."""
        found = self._try_decrypt(event_id, stored)
        return found is not None and hmac.compare_digest(found.secret.encode(), secret.encode())

    def know_tags(self, encrypted: Mapping[str, bytes]) -> None:
        """Learn the secrets of all tags that have one."""
        self._tags = encrypted

    def encrypted(
        self, event_id: bytes, given: Mapping[str, Any], stored: bytes | None = None
    ) -> Mapping[str, Any]:
        """Return the given fields with their secret encrypted; the stored secret stays as it is."""
        secret = given.get(_FIELD)
        if secret is None:
            return given
        before = self._try_decrypt(event_id, stored)
        if before is not None and before.secret == secret:
            return {**given, _FIELD: stored}
        return {**given, _FIELD: self._encrypt(event_id, _Secrets(secret))}

    def rotated(
        self, event_id: bytes, stored: bytes | None, secret: str, until_ms: int, now_ms: int
    ) -> bytes:
        """Return a new secret, encrypted together with the previous ones that still sign.

        A stored secret that is damaged is dropped: a new one is the way to recover. Raises
        ``KeyMissing`` if another process could read it: it still signs. (Whoever has lost that key
        writes a new ``hmac_secret`` instead, which needs nothing of the old one.)
        """
        before: _Secrets | None = _Secrets("")
        if stored is not None:
            before = self._try_decrypt(event_id, stored, needed=True)
        if before is None:
            return self._encrypt(event_id, _Secrets(secret))
        previous = [one for one in before.previous if one.until_ms > now_ms]
        if before.secret != secret:
            previous = [_Previous(before.secret, until_ms), *previous]
        kept = [one for one in previous if one.until_ms > now_ms and one.secret != secret]
        return self._encrypt(event_id, _Secrets(secret, tuple(kept[:MAX_PREVIOUS])))

    def of(
        self, event_id: bytes, stored: bytes | None, now_ms: int, tags: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """Return the secrets that sign for an event with these tags, the present one first.

        Raises ``DecryptionFailed``.
        """
        if stored is None:
            return self._of_tags(tags, now_ms) if self._tags else self._default
        found = self._decrypted(event_id, stored)
        if not found.previous:
            return (found.secret,)
        still = [
            one.secret or self._of_tags(tags, now_ms)[0]
            for one in found.previous
            if now_ms < one.until_ms
        ]
        return (found.secret, *still)

    def _of_tags(self, tags: Sequence[str], now_ms: int) -> tuple[str, ...]:
        for tag in tags:
            stored = self._tags.get(tag)
            if stored is not None:
                return self.of(owner_of_tag(tag), stored, now_ms)
        return self._default

    def _try_decrypt(
        self, event_id: bytes, stored: bytes | None, *, needed: bool = False
    ) -> _Secrets | None:
        try:
            return None if stored is None else self._decrypted(event_id, stored)
        except KeyMissing:
            if needed:
                raise
            return None
        except DecryptionFailed:
            return None

    def _encrypt(self, event_id: bytes, current: _Secrets) -> bytes:
        return self._encryptor.encrypt(
            json.dumps(current, separators=(",", ":")).encode(), event_id
        )

    def _decrypt(self, event_id: bytes, stored: bytes) -> _Secrets:
        secret, previous = json.loads(self._encryptor.decrypt(stored, event_id))
        return _Secrets(secret, tuple(_Previous(*one) for one in previous))
