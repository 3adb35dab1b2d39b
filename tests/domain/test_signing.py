"""Signatures are those of the specification, over the exact bytes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from app.domain.signing import ack_token, body_signature, signing_key, standard_signature
from app.errors import InvalidInput

VECTORS = json.loads((Path(__file__).parent.parent / "vectors/standard_webhooks.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_each_published_vector_is_reproduced(vector):
    key = signing_key(vector["secret"])
    body = vector["payload"].encode()
    assert standard_signature(key, vector["id"], vector["timestamp"], body) == vector["signature"]


def test_the_public_library_verifies_our_signature():
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    now = int(datetime.now(UTC).timestamp())
    body = '{"name":"Zoë"}'.encode()
    headers = {
        "webhook-id": "018f0000-0000-8000-8000-000000000000",
        "webhook-timestamp": str(now),
    }
    headers["webhook-signature"] = standard_signature(
        signing_key(secret), headers["webhook-id"], now, body
    )
    assert Webhook(secret).verify(body, headers) == {"name": "Zoë"}


@given(key=st.binary(min_size=1, max_size=200), body=st.binary(max_size=300))
def test_the_body_signature_is_hmac_sha256_in_hex_for_keys_of_any_length(key, body):
    assert body_signature(key, body) == hmac.new(key, body, hashlib.sha256).hexdigest()


def test_whsec_stands_for_its_decoded_bytes_and_anything_else_for_its_utf8_bytes():
    assert signing_key("whsec_AAEC/w==") == b"\x00\x01\x02\xff"
    assert signing_key("whsec_AAEC/w") == b"\x00\x01\x02\xff"
    assert signing_key("pässword") == "pässword".encode()
    assert signing_key("WHSEC_AAEC") == b"WHSEC_AAEC"


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_====",
        "whsec_A",
        "whsec_AA*C",
        "whsec_AA EC",
        "whsec_AA=C",
        "whsec_é",
        "\ud800",
    ],
)
def test_a_secret_that_is_no_key_is_refused_in_words(secret):
    with pytest.raises(InvalidInput, match=r"^must "):
        signing_key(secret)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "must not be empty"),
        ("whsec_A", "must be base64 after 'whsec_'"),
        ("\ud800", "must be text that UTF-8 can carry"),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        signing_key(value)
    assert caught.value.message == sentence


def test_only_padding_at_the_end_is_left_off():
    assert signing_key("whsec_AAAX") == b"\x00\x00\x17"
    with pytest.raises(InvalidInput):
        signing_key("whsec_=AAEC")


def test_an_acknowledgement_is_proved_by_the_attempt_and_128_bits():
    """Receivers keep it: after an upgrade it still holds."""
    digest = hmac.new(b"key", b"o" * 16 + b"3", hashlib.sha256).hexdigest()
    assert ack_token(b"key", b"o" * 16, 3) == f"3.{digest[:32]}"
