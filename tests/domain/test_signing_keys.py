"""Signatures that are checked with a public key."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.domain.signing_keys import SigningKey, signing_keys
from app.errors import InvalidInput

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
"""The first test vector of RFC 8032 section 7.1."""


def written(raw: bytes) -> str:
    return "whsk_" + base64.b64encode(raw).decode()


@pytest.mark.parametrize("raw", [SEED, SEED + PUBLIC])
def test_the_public_key_is_that_of_the_private_one(raw):
    key = SigningKey(written(raw))
    assert key.public == "whpk_" + base64.b64encode(PUBLIC).decode()
    assert key.id == SigningKey(written(SEED).rstrip("=")).id
    assert base64.b64encode(SEED).decode() not in repr(key)


def test_a_signature_covers_id_time_and_body():
    key = SigningKey(written(SEED))
    version, _, signature = key.signature("msg_1", 1_700_000_000, b'{"a":1}').partition(",")
    public = Ed25519PublicKey.from_public_bytes(PUBLIC)
    public.verify(base64.b64decode(signature), b'msg_1.1700000000.{"a":1}')
    assert version == "v1a"
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature), b'msg_1.1700000001.{"a":1}')


@pytest.mark.parametrize(
    "text",
    [
        "whsk_",
        "whsk_***",
        written(SEED)[5:],
        written(SEED[:-1]),
        written(SEED + SEED),
        written(PUBLIC + SEED),
        "whsec_" + written(SEED)[5:],
        f"{written(SEED)},",
        ",".join([written(SEED)] * 3),
    ],
)
def test_what_is_no_key_is_refused_without_repeating_it(text):
    with pytest.raises(InvalidInput) as caught:
        signing_keys(text)
    assert base64.b64encode(SEED[:9]).decode() not in caught.value.message


def test_there_may_be_none_and_two():
    assert signing_keys("") == ()
    assert len(signing_keys(f"{written(SEED)}, {written(PUBLIC)}")) == 2


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("whsk_***", "must be whsk_ and base64 of 32 bytes, or of 64 that end in the public key"),
        (
            written(PUBLIC + SEED),
            "must be whsk_ and base64 of 32 bytes, or of 64 that end in the public key",
        ),
        (",".join([written(SEED)] * 3), "must be at most 2 keys, a comma between"),
        (f"{written(SEED)},{written(SEED + PUBLIC)}", "must not be one key twice"),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        signing_keys(value)
    assert caught.value.message == sentence


def test_a_key_is_known_by_the_digest_of_its_public_half():
    assert SigningKey(written(SEED)).id == hashlib.sha256(PUBLIC).hexdigest()[:16]
