"""Signing secrets of events: sealed where they come in, opened where a delivery is built.

In between they are opaque bytes: nothing that is stored, listed or logged can show them. An
event's sealed value holds its secret and those before it that still sign beside it.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from app.crypto.encryption import DecryptionFailed, Encryptor
from app.domain.signing import PREFIX

MAX_PREVIOUS = 3
"""How many earlier secrets sign beside the present one: a rotation may be asked for again by
somebody who never saw the answer, and the receiver then still knows the one before that."""

_REMEMBERED = 4_096
"""How many events' secrets each process keeps open."""

_FIELD = "hmac_secret"


class _Previous(NamedTuple):
    """An earlier secret (``""``: the service's) and until when it signs, ms UTC."""

    secret: str
    until_ms: int


class _Opened(NamedTuple):
    secret: str
    previous: tuple[_Previous, ...] = ()


class SigningSecrets:
    """Seals, opens and rotates. ``default`` signs for events without a secret of their own."""

    def __init__(self, sealer: Encryptor, default: str) -> None:
        self._sealer = sealer
        self._default = default
        self._opened = lru_cache(_REMEMBERED)(self._open)

    def sealed(
        self, event_id: bytes, given: Mapping[str, Any], stored: bytes | None = None
    ) -> Mapping[str, Any]:
        """Return given fields with their secret sealed; one that is stored already stays as is."""
        secret = given.get(_FIELD)
        if secret is None:
            return given
        before = self._try_open(event_id, stored)
        if before is not None and before.secret == secret:
            return {**given, _FIELD: stored}
        return {**given, _FIELD: self._seal(event_id, _Opened(secret))}

    def rotated(
        self, event_id: bytes, stored: bytes | None, secret: str, until_ms: int, now_ms: int
    ) -> bytes:
        """Return a new secret, sealed together with the old ones that sign beside it for a time.

        A secret that can't be opened is given up: a new one is how to get over it.
        """
        before = _Opened("") if stored is None else self._try_open(event_id, stored)
        if before is None:
            return self._seal(event_id, _Opened(secret))
        previous = [one for one in before.previous if one.until_ms > now_ms]
        if before.secret != secret:
            previous = [_Previous(before.secret, until_ms), *previous]
        kept = [one for one in previous if one.until_ms > now_ms and one.secret != secret]
        return self._seal(event_id, _Opened(secret, tuple(kept[:MAX_PREVIOUS])))

    def of(self, event_id: bytes, stored: bytes | None, now_ms: int) -> tuple[str, ...]:
        """Return the secrets that sign at a moment, the present one first.

        Raises ``DecryptionFailed``.
        """
        if stored is None:
            return (self._default,)
        opened = self._opened(event_id, stored)
        if not opened.previous:
            return (opened.secret,)
        still = [one.secret or self._default for one in opened.previous if now_ms < one.until_ms]
        return (opened.secret, *still)

    def _try_open(self, event_id: bytes, stored: bytes | None) -> _Opened | None:
        try:
            return None if stored is None else self._opened(event_id, stored)
        except DecryptionFailed:
            return None

    def _seal(self, event_id: bytes, opened: _Opened) -> bytes:
        return self._sealer.seal(json.dumps(opened, separators=(",", ":")).encode(), event_id)

    def _open(self, event_id: bytes, stored: bytes) -> _Opened:
        secret, previous = json.loads(self._sealer.open(stored, event_id))
        return _Opened(secret, tuple(_Previous(*one) for one in previous))


def new_secret() -> str:
    """Return a random secret in the form of Standard Webhooks."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
