"""Signing secrets of events: sealed where they come in, opened where a delivery is built.

In between they are opaque bytes: nothing that is stored, listed or logged can show them. An
event's sealed value holds its secret and, for the time of a rotation, the one before.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from app.domain.signing import PREFIX
from app.store.sealing import Sealer, Unsealable

_REMEMBERED = 4_096
"""How many events' secrets each process keeps open."""

_FIELD = "hmac_secret"


class _Opened(NamedTuple):
    """A secret; the one before it (``""``: the service's) and until when it still signs, ms."""

    secret: str
    previous: str | None = None
    until_ms: int = 0


class SigningSecrets:
    """Seals, opens and rotates. ``default`` signs for events without a secret of their own."""

    def __init__(self, sealer: Sealer, default: str) -> None:
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
        return {**given, _FIELD: self._kept(event_id, stored, secret)}

    def rotated(self, event_id: bytes, stored: bytes | None, secret: str, until_ms: int) -> bytes:
        """Return a new secret, sealed together with the old one that signs beside it for a time.

        Raises ``Unsealable`` if the old one can't be read.
        """
        old = "" if stored is None else self._opened(event_id, stored).secret
        return self._seal(event_id, _Opened(secret, old, until_ms))

    def of(self, event_id: bytes, stored: bytes | None, now_ms: int) -> tuple[str, ...]:
        """Return the secrets that sign at a moment, the present one first.

        Raises ``Unsealable``.
        """
        if stored is None:
            return (self._default,)
        opened = self._opened(event_id, stored)
        if opened.previous is None or now_ms >= opened.until_ms:
            return (opened.secret,)
        return (opened.secret, opened.previous or self._default)

    def _kept(self, event_id: bytes, stored: bytes | None, secret: str) -> bytes:
        try:
            if stored is not None and self._opened(event_id, stored).secret == secret:
                return stored
        except Unsealable:
            pass  # a new secret is how to get over one that is lost
        return self._seal(event_id, _Opened(secret))

    def _seal(self, event_id: bytes, opened: _Opened) -> bytes:
        parts = opened if opened.previous is not None else opened[:1]
        return self._sealer.seal(json.dumps(parts, separators=(",", ":")).encode(), event_id)

    def _open(self, event_id: bytes, stored: bytes) -> _Opened:
        return _Opened(*json.loads(self._sealer.open(stored, event_id)))


def new_secret() -> str:
    """Return a random secret in the form of Standard Webhooks."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
