"""Signatures over the exact bytes of a delivery, in two forms, and what acknowledges it.

``X-Qhronos-Signature`` is the hex HMAC-SHA256 of the body. ``webhook-signature`` follows the
Standard Webhooks specification 1.0.0: base64 of the HMAC-SHA256 of ``id.timestamp.body``. Both
use one key.
"""

from __future__ import annotations

import binascii
import hashlib
from functools import lru_cache

from app.errors import InvalidInput

PREFIX = "whsec_"


def signing_key(secret: str) -> bytes:
    """Return the key that a secret stands for.

    ``whsec_…`` is base64, padded or not, of the key; anything else is the key as UTF-8. Raises
    ``InvalidInput`` if the secret is empty or can't be decoded.
    """
    if secret.startswith(PREFIX):
        try:
            key = decoded(secret.removeprefix(PREFIX))
        except ValueError:
            raise InvalidInput("must be base64 after 'whsec_'") from None
    else:
        try:
            key = secret.encode()
        except UnicodeEncodeError:
            raise InvalidInput("must be text that UTF-8 can carry") from None
    if not key:
        raise InvalidInput("must not be empty")
    return key


def decoded(text: str) -> bytes:
    """Read base64, padded or not; raises ``ValueError``."""
    bare = text.rstrip("=")
    return binascii.a2b_base64(bare + "=" * (-len(bare) % 4), strict_mode=True)


def signed_bytes(webhook_id: str, timestamp_s: int, body: bytes) -> bytes:
    """Return what a Standard Webhooks signature covers."""
    return b"%b.%d.%b" % (webhook_id.encode(), timestamp_s, body)


def body_signature(key: bytes, body: bytes) -> str:
    """Return the hex HMAC-SHA256 of a body."""
    return _hmac(key, body).hex()


def standard_signature(key: bytes, webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """Return a Standard Webhooks signature, ``v1,<base64>``.

    ``timestamp_s`` is the moment of the attempt in seconds since 1970, as sent beside it.
    """
    signed = signed_bytes(webhook_id, timestamp_s, body)
    return "v1," + binascii.b2a_base64(_hmac(key, signed), newline=False).decode()


def ack_token(key: bytes, occurrence_id: bytes, attempt: int) -> str:
    """Return what proves that somebody was sent this attempt: its number, a point, 128 bits in hex.

    ``key`` is the service's own: no receiver has it.
    """
    return f"{attempt}.{_hmac(key, b'%b%d' % (occurrence_id, attempt)).hex()[:32]}"


def _hmac(key: bytes, message: bytes) -> bytes:
    """Return the HMAC-SHA256 (RFC 2104): what ``hmac.digest`` does, in a third of the time."""
    inner_start, outer_start = _keyed(key)
    inner, outer = inner_start.copy(), outer_start.copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=4096)
def _keyed(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    """Return the two hashes of a key, which are the same for every message."""
    block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
    return inner, outer
