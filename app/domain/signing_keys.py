"""Signatures that a receiver checks without holding a secret: ed25519, ``v1a``.

They stand beside the ``v1`` signatures and cover the same bytes, as in the Standard Webhooks
specification 1.0.0. A private key is written as ``whsk_`` and base64 of its 32 bytes, which may be
followed by the 32 of its public key; a public key as ``whpk_`` and base64.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.signing import decoded, signed_bytes
from app.errors import InvalidInput

PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"
ALGORITHM = "ed25519"
MAX_KEYS = 2
"""The present key, and the next or the last one while receivers learn of a change."""

_HALF = 32
_FORM = f"must be {PREFIX} and base64 of 32 bytes, or of 64 that end in the public key"


class SigningKey:
    """A private key. ``public`` is its public key as receivers read it, ``id`` a short name."""

    __slots__ = ("_key", "id", "public")

    def __init__(self, text: str) -> None:
        """Read a key; raises ``InvalidInput``."""
        try:
            raw = decoded(text.removeprefix(PREFIX))
        except ValueError:
            raw = b""
        if not text.startswith(PREFIX) or len(raw) not in (_HALF, 2 * _HALF):
            raise InvalidInput(_FORM)
        self._key = Ed25519PrivateKey.from_private_bytes(raw[:_HALF])
        public = self._key.public_key().public_bytes_raw()
        if raw[_HALF:] not in (b"", public):
            raise InvalidInput(_FORM)
        self.public = PUBLIC_PREFIX + base64.b64encode(public).decode()
        self.id = hashlib.sha256(public).hexdigest()[:16]

    def signature(self, webhook_id: str, timestamp_s: int, body: bytes) -> str:
        """Return the signature of a delivery, ``v1a,<base64>``."""
        signed = self._key.sign(signed_bytes(webhook_id, timestamp_s, body))
        return "v1a," + base64.b64encode(signed).decode()


def signing_keys(text: str) -> tuple[SigningKey, ...]:
    """Read the keys of a setting, a comma between; raises ``InvalidInput``."""
    texts = text.split(",") if text else []
    if len(texts) > MAX_KEYS:
        raise InvalidInput(f"must be at most {MAX_KEYS} keys, a comma between")
    keys = tuple(SigningKey(one.strip()) for one in texts)
    if len({key.id for key in keys}) < len(keys):
        raise InvalidInput("must not be one key twice")
    return keys
