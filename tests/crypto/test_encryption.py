"""Secrets at rest: only the key and the owner they were encrypted for decrypt them, unchanged."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto.encryption import (
    KEY_BYTES,
    DecryptionFailed,
    Encryptor,
    derived_key,
    key_from_setting,
    new_key,
)

ONE, TWO = bytes(range(32)), bytes(range(1, 33))


@given(plain=st.binary(max_size=600), owner=st.binary(max_size=16))
def test_what_is_encrypted_is_decrypted(plain: bytes, owner: bytes) -> None:
    encrypted = Encryptor([ONE]).encrypt(plain, owner)
    assert Encryptor([TWO, ONE]).decrypt(encrypted, owner) == plain
    assert len(encrypted) == len(plain) + 33


@given(data=st.data(), plain=st.binary(min_size=1, max_size=60))
def test_a_changed_byte_anywhere_is_noticed(data: st.DataObject, plain: bytes) -> None:
    encrypted = bytearray(Encryptor([ONE]).encrypt(plain, b"owner"))
    position = data.draw(st.integers(0, len(encrypted) - 1))
    encrypted[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DecryptionFailed):
        Encryptor([ONE, TWO]).decrypt(bytes(encrypted), b"owner")


@given(raw=st.binary(max_size=80))
def test_other_bytes_are_not_decrypted(raw: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        Encryptor([ONE]).decrypt(raw, b"owner")


def test_it_opens_for_its_owner_and_with_its_key_alone() -> None:
    encrypted = Encryptor([ONE]).encrypt(b"secret", b"owner")
    for encryptor, owner in ((Encryptor([ONE]), b"another"), (Encryptor([TWO]), b"owner")):
        with pytest.raises(DecryptionFailed):
            encryptor.decrypt(encrypted, owner)


def test_the_same_secret_never_looks_the_same() -> None:
    encryptor = Encryptor([ONE])
    assert len({encryptor.encrypt(b"secret", b"owner") for _ in range(100)}) == 100


def test_the_first_key_encrypts() -> None:
    encryptor = Encryptor([TWO, ONE])
    assert encryptor.is_current(encryptor.encrypt(b"x", b""))
    assert not encryptor.is_current(Encryptor([ONE]).encrypt(b"x", b""))
    assert encryptor.known == {Encryptor([ONE]).current, encryptor.current}


def test_a_setting_is_a_key_in_base64_or_a_text_to_derive_one_from() -> None:
    for text in (
        base64.b64encode(ONE).decode(),
        base64.b64encode(ONE).decode().rstrip("="),
        base64.urlsafe_b64encode(ONE).decode(),
    ):
        assert key_from_setting(text) == ONE
    text = "correct horse battery staple, and more"
    assert len(key_from_setting(text)) == KEY_BYTES
    assert key_from_setting(text) == key_from_setting(text) != key_from_setting(text + "!")
    assert len(key_from_setting(new_key())) == KEY_BYTES
    assert derived_key(text, "one thing") != derived_key(text, "another")


def test_the_derivation_is_hkdf() -> None:
    """RFC 5869 by hand: a change of it would lose every secret."""
    extracted = hmac.digest(bytes(32), b"s" * 32, hashlib.sha256)
    expanded = hmac.digest(extracted, b"qhronos secrets at rest\x01", hashlib.sha256)
    assert derived_key("s" * 32, "secrets at rest") == expanded
