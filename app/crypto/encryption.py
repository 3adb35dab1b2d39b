"""Secrets at rest: sealed with AES-256-GCM (NIST SP 800-38D), bound to what they belong to.

A sealed value is a version byte, four bytes that name the key, twelve of nonce, then ciphertext
and tag. What it belongs to (an event, by its id) is authenticated with it, so that a value moved to
another event does not open. Nonces are random: 2**32 values a key are far from a repetition
(section 8.3).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import QhronosError

_VERSION = b"\x01"
_NAME_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + _NAME_BYTES + _NONCE_BYTES
KEY_BYTES = 32


class DecryptionFailed(QhronosError):
    """A secret can't be decrypted; set the QHRONOS_ENCRYPTION_KEY that it was sealed with."""


def key_from_setting(text: str) -> bytes:
    """Return the key that a setting stands for.

    Base64 (either alphabet, padded or not) of exactly 32 bytes is the key itself; any other text
    is stretched to one with HKDF (RFC 5869).
    """
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = binascii.a2b_base64(bare + "=" * (-len(bare) % 4), strict_mode=True)
    except ValueError:
        key = b""
    return key if len(key) == KEY_BYTES else derived_key(text, "encryption")


def derived_key(secret: str, purpose: str) -> bytes:
    """Return a key that is good for one purpose and tells nothing of the secret."""
    info = b"qhronos " + purpose.encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret.encode())


def new_key() -> str:
    """Return a random key as a setting holds it."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


class Encryptor:
    """Seals with the first key and opens with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """``keys``: the current one, then those that are still needed to open older values."""
        self._ciphers = {_name(key): AESGCM(key) for key in reversed(keys)}
        self._current = _name(keys[0])

    @property
    def current(self) -> bytes:
        """The name of the key that seals."""
        return self._current

    @property
    def known(self) -> frozenset[bytes]:
        """The names of all keys."""
        return frozenset(self._ciphers)

    def seal(self, plain: bytes, belongs_to: bytes) -> bytes:
        """Return the sealed form of ``plain``."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self._current]
        return _VERSION + self._current + nonce + cipher.encrypt(nonce, plain, belongs_to)

    def open(self, sealed: bytes, belongs_to: bytes) -> bytes:
        """Return what was sealed; raises ``DecryptionFailed``."""
        cipher = self._ciphers.get(sealed[1 : 1 + _NAME_BYTES])
        if cipher is None or not sealed.startswith(_VERSION):
            raise DecryptionFailed
        nonce = sealed[1 + _NAME_BYTES : _HEAD_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[_HEAD_BYTES:], belongs_to)
        except (InvalidTag, ValueError):
            raise DecryptionFailed from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether a value was sealed with the current key."""
        return sealed.startswith(_VERSION + self._current)


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"qhronos key name\0" + key).digest()[:_NAME_BYTES]
