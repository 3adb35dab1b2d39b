"""Secrets at rest: what is sealed opens with its key, for its owner, unchanged, and not else."""

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
def test_what_is_sealed_opens(plain: bytes, owner: bytes) -> None:
    sealed = Encryptor([ONE]).seal(plain, owner)
    assert Encryptor([TWO, ONE]).open(sealed, owner) == plain
    assert len(sealed) == len(plain) + 33


@given(data=st.data(), plain=st.binary(min_size=1, max_size=60))
def test_a_changed_byte_anywhere_is_noticed(data: st.DataObject, plain: bytes) -> None:
    sealed = bytearray(Encryptor([ONE]).seal(plain, b"owner"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DecryptionFailed):
        Encryptor([ONE, TWO]).open(bytes(sealed), b"owner")


@given(raw=st.binary(max_size=80))
def test_bytes_that_nobody_sealed_do_not_open(raw: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        Encryptor([ONE]).open(raw, b"owner")


def test_it_opens_for_its_owner_and_with_its_key_alone() -> None:
    sealed = Encryptor([ONE]).seal(b"secret", b"owner")
    for sealer, owner in ((Encryptor([ONE]), b"another"), (Encryptor([TWO]), b"owner")):
        with pytest.raises(DecryptionFailed):
            sealer.open(sealed, owner)


def test_the_same_secret_never_looks_the_same() -> None:
    sealer = Encryptor([ONE])
    assert len({sealer.seal(b"secret", b"owner") for _ in range(100)}) == 100


def test_the_first_key_seals() -> None:
    sealer = Encryptor([TWO, ONE])
    assert sealer.is_current(sealer.seal(b"x", b""))
    assert not sealer.is_current(Encryptor([ONE]).seal(b"x", b""))
    assert sealer.known == {Encryptor([ONE]).current, sealer.current}


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
