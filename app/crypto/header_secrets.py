"""Headers that events send along: sealed where they come in, opened where a delivery is built.

Their names are no secret; their values (tokens, mostly) are never shown again. A stored value is
only ever sent where it was meant to go: who changes the target must know it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.crypto.encryption import DecryptionFailed, Encryptor
from app.domain.audit import MASK
from app.domain.event import EncryptedHeaders, Event
from app.domain.headers import Headers, unmasked
from app.domain.targets import origin
from app.errors import InvalidInput
from app.store.encrypted_secrets import headers_of

_REMEMBERED = 1_024
"""How many events' headers each process keeps open."""

_FIELD = "headers"


class HeaderSecrets:
    """Seals and opens."""

    def __init__(self, sealer: Encryptor) -> None:
        self._sealer = sealer
        self._opened = lru_cache(_REMEMBERED)(self._open)

    def sealed(
        self, event_id: bytes, given: Mapping[str, Any], before: Event | None = None
    ) -> Mapping[str, Any]:
        """Return given fields with their headers sealed; a mask stands for a value of ``before``.

        Raises ``InvalidInput`` for a mask that stands for nothing, and if values would be kept
        while the target moves to another origin: they would be told to whoever is there.
        """
        stored = before.headers if before else None
        _refuse_to_follow(given, before)
        headers = given.get(_FIELD)
        if headers is None:
            return given
        known = () if stored is None else self._try_open(event_id, stored.sealed)
        values = unmasked(headers, known)
        if not values:
            return {**given, _FIELD: None}
        if values == known:
            return {**given, _FIELD: stored}
        sealed = self._sealer.seal(json.dumps(values).encode(), headers_of(event_id))
        return {**given, _FIELD: EncryptedHeaders(tuple(name for name, _ in values), sealed)}

    def of(self, event_id: bytes, sealed: bytes) -> Headers:
        """Return names and values; raises ``DecryptionFailed``."""
        return self._opened(event_id, sealed)

    def _try_open(self, event_id: bytes, sealed: bytes) -> Headers:
        try:
            return self._opened(event_id, sealed)
        except DecryptionFailed:
            return ()

    def _open(self, event_id: bytes, sealed: bytes) -> Headers:
        values = json.loads(self._sealer.open(sealed, headers_of(event_id)))
        return tuple((name, value) for name, value in values)


def _refuse_to_follow(given: Mapping[str, Any], before: Event | None) -> None:
    action = given.get("action")
    if before is None or before.headers is None or action is None:
        return
    headers = given.get(_FIELD, ((_FIELD, MASK),))
    kept = headers is not None and any(value == MASK for _, value in headers)
    if kept and origin(action["params"]["url"]) != origin(before.webhook):
        raise InvalidInput.field(
            _FIELD, "must be given with their values, or be null: the webhook leads elsewhere now"
        )
