"""Encryption of secrets at rest: AES-256-GCM (NIST SP 800-38D), bound to the owner of the secret.

An encrypted value is a version byte, four bytes that name the key, twelve bytes of nonce, then
ciphertext and tag. The owner (an event, by its id) is authenticated as associated data, so a value
that is moved to another event can't be decrypted. Nonces are random: up to 2**32 values for each
key a repetition is improbable enough (section 8.3).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.config import Settings
from app.errors import QhronosError, StoreUnavailable

_VERSION = b"\x01"
_NAME_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + _NAME_BYTES + _NONCE_BYTES
KEY_BYTES = 32


class DecryptionFailed(QhronosError):
    """A secret can't be decrypted; set the QHRONOS_ENCRYPTION_KEY that it was encrypted with."""


class KeyMissing(DecryptionFailed, StoreUnavailable):
    """This process lacks the key of a stored secret: set QHRONOS_ENCRYPTION_KEY_PREVIOUS to it."""


def key_from_setting(text: str) -> bytes:
    """Return the key that a setting means.

    Base64 (either alphabet, padded or not) of exactly 32 bytes is the key itself. From any other
    text a key is derived with HKDF (RFC 5869).
    """
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = binascii.a2b_base64(bare + "=" * (-len(bare) % 4), strict_mode=True)
    except ValueError:
        key = b""
    return key if len(key) == KEY_BYTES else derived_key(text, "encryption")


def derived_key(secret: str, purpose: str) -> bytes:
    """Derive the key for one purpose from a secret; keys of different purposes are unrelated."""
    info = b"qhronos " + purpose.encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret.encode())


def new_key() -> str:
    """Return a random key in the form of a setting."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def encryption_keys(settings: Settings) -> list[bytes]:
    """Return the keys for secrets at rest, the current one first.

    The JWT secret gives a key too, so that nothing is stored in clear where no encryption key is
    set. When the JWT secret changes, the one before must then be named, as for tokens. Only
    ``QHRONOS_ENCRYPTION_KEY`` and ``QHRONOS_JWT_SECRET`` encrypt: a key that is named as the
    previous or the next one never becomes the current one by that.
    """
    other = (settings.encryption_key_next, settings.encryption_key_previous)
    secrets = (settings.jwt_secret, settings.jwt_secret_previous)
    current = [key_from_setting(settings.encryption_key)] if settings.encryption_key else []
    derived = [derived_key(secret, "secrets at rest") for secret in secrets if secret]
    named = [key_from_setting(key) for key in other if key]
    return [*current, *named, *derived] if current else [*derived[:1], *named, *derived[1:]]


class Encryptor:
    """Encrypts with the first key, decrypts with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """``keys``: the current one, then those that older values were encrypted with."""
        self._ciphers = {_name(key): AESGCM(key) for key in reversed(keys)}
        self._current = _name(keys[0])
        self._choose: Callable[[], bytes] = lambda: self._current

    @property
    def current(self) -> bytes:
        """The name of the key that encrypts."""
        return self._current

    @property
    def known(self) -> frozenset[bytes]:
        """The names of all keys."""
        return frozenset(self._ciphers)

    def let_choose(self, choose: Callable[[], bytes]) -> None:
        """Have ``choose`` name the key that encrypts, of those that are known, each time."""
        self._choose = choose

    def encrypt(self, plain: bytes, owner: bytes) -> bytes:
        """Encrypt a secret for its owner; raises what the choice of the key does."""
        nonce, name = os.urandom(_NONCE_BYTES), self._choose()
        return _VERSION + name + nonce + self._ciphers[name].encrypt(nonce, plain, owner)

    def decrypt(self, encrypted: bytes, owner: bytes) -> bytes:
        """Decrypt the secret of an owner; raises ``DecryptionFailed``, or ``KeyMissing`` of it."""
        if not encrypted.startswith(_VERSION) or len(encrypted) < _HEAD_BYTES:
            raise DecryptionFailed
        cipher = self._ciphers.get(encrypted[1 : 1 + _NAME_BYTES])
        if cipher is None:
            raise KeyMissing
        nonce = encrypted[1 + _NAME_BYTES : _HEAD_BYTES]
        try:
            return cipher.decrypt(nonce, encrypted[_HEAD_BYTES:], owner)
        except (InvalidTag, ValueError):
            raise DecryptionFailed from None

    def is_current(self, encrypted: bytes) -> bool:
        """Whether a value was encrypted with the current key."""
        return encrypted.startswith(_VERSION + self._current)


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"qhronos key name\0" + key).digest()[:_NAME_BYTES]
