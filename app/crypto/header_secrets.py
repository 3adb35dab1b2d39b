"""Headers of an event's own: encrypted when they come in, decrypted when a delivery is built.

Their names are no secret; their values (mostly tokens) are never shown again. A stored value is
sent only to the origin it was given for: who changes the target must give the value again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.crypto.encryption import DecryptionFailed, Encryptor, KeyMissing
from app.delivery.calls import check_data_of
from app.delivery.cloud_events import STRUCTURED
from app.delivery.rendering import check_header, sample_facts
from app.domain.action import Action
from app.domain.audit import MASK
from app.domain.event import EncryptedHeaders, Event
from app.domain.headers import Headers, unmasked
from app.domain.targets import origin
from app.domain.template import IN_FACTS, OPEN
from app.errors import InvalidInput
from app.store.encrypted_secrets import headers_of

_REMEMBERED = 1_024
"""How many events' decrypted headers each process keeps."""

_FIELD = "headers"

_CHECKED_WITH = IN_FACTS | {"action", "format"}
"""The fields with which stored headers have to go together."""


class HeaderSecrets:
    """Encrypts and decrypts headers."""

    def __init__(self, encryptor: Encryptor) -> None:
        self._encryptor = encryptor
        self._decrypted = lru_cache(_REMEMBERED)(self._decrypt)

    def encrypted(
        self, event_id: bytes, given: Mapping[str, Any], before: Event | None = None
    ) -> Mapping[str, Any]:
        """Return the given fields with their headers encrypted; a mask means the stored value.

        Raises ``InvalidInput`` for a mask without a stored value, and if stored values would be
        kept while the target moves to another origin: the new receiver would learn them. Raises
        ``KeyMissing`` if they are to be kept and this process can't read them.
        """
        stored = before.headers if before else None
        _refuse_new_origin(given, before)
        headers = given.get(_FIELD)
        if headers is None:
            if stored is not None and _FIELD not in given and _CHECKED_WITH & given.keys():
                known = self._try_decrypt(event_id, stored.encrypted, kept=False)
                _check_values(known, given, before)
            return given
        kept = any(value == MASK for _, value in headers)
        known = () if stored is None else self._try_decrypt(event_id, stored.encrypted, kept=kept)
        values = unmasked(headers, known)
        if not values:
            return {**given, _FIELD: None}
        _check_values(values, given, before)
        if values == known:
            return {**given, _FIELD: stored}
        encrypted = self._encryptor.encrypt(json.dumps(values).encode(), headers_of(event_id))
        return {**given, _FIELD: EncryptedHeaders(tuple(name for name, _ in values), encrypted)}

    def of(self, event_id: bytes, encrypted: bytes) -> Headers:
        """Return names and values; raises ``DecryptionFailed``."""
        return self._decrypted(event_id, encrypted)

    def _try_decrypt(self, event_id: bytes, encrypted: bytes, *, kept: bool) -> Headers:
        """The stored headers, none if they are damaged; ``kept``: some of them are needed."""
        try:
            return self._decrypted(event_id, encrypted)
        except KeyMissing:
            if kept:
                raise
            return ()
        except DecryptionFailed:
            return ()

    def _decrypt(self, event_id: bytes, encrypted: bytes) -> Headers:
        values = json.loads(self._encryptor.decrypt(encrypted, headers_of(event_id)))
        return tuple((name, value) for name, value in values)


def _check_values(headers: Headers, given: Mapping[str, Any], before: Event | None) -> None:
    """Raise ``InvalidInput`` for a header whose placeholders its event can't fill.

    Likewise for a body that is not of the type that they give it, where that matters.
    """
    form = given.get("format", before.options.format if before else "")
    if form != STRUCTURED and not any(OPEN in value for _, value in headers):
        return
    facts = sample_facts(
        given.get("name", before.name if before else ""),
        given.get("description", before.definition.description if before else "") or "",
        given.get("tags", before.tags if before else ()) or (),
        given.get("metadata", before.metadata_json if before else "{}") or "{}",
    )
    for name, value in headers:
        check_header(name, value, facts)
    if form == STRUCTURED and (action := given.get("action", before.action if before else None)):
        check_data_of(action, headers, facts)


def _refuse_new_origin(given: Mapping[str, Any], before: Event | None) -> None:
    action: Action | None = given.get("action")
    if before is None or before.headers is None or action is None:
        return
    headers = given.get(_FIELD, ((_FIELD, MASK),))
    kept = headers is not None and any(value == MASK for _, value in headers)
    if kept and not _is_same_origin(action, before.action):
        raise InvalidInput.field(
            _FIELD, "must be given with their values, or be null: the webhook leads elsewhere now"
        )


def _is_same_origin(one: Action, other: Action) -> bool:
    return one.is_http and other.is_http and origin(one.target) == origin(other.target)
