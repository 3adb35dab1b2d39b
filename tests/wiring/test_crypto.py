"""Keys at rest: the current one first, and never none."""

from __future__ import annotations

import pytest

from app.config import Settings
from app.crypto.encryption import derived_key, encryption_keys, key_from_setting
from app.wiring.crypto import Crypto

KEY, KEY_BEFORE, KEY_NEXT, JWT, JWT_BEFORE = (letter * 32 for letter in "klnji")


@pytest.mark.parametrize(
    ("given", "current"),
    [
        ({}, "jwt"),
        ({"encryption_key": KEY}, "key"),
        ({"encryption_key": KEY, "jwt_secret_previous": JWT_BEFORE}, "key"),
        ({"jwt_secret_previous": JWT_BEFORE}, "jwt"),
        ({"encryption_key_previous": KEY_BEFORE}, "jwt"),
        ({"encryption_key_next": KEY_NEXT}, "jwt"),
        ({"encryption_key": KEY, "encryption_key_next": KEY_NEXT}, "key"),
    ],
)
def test_a_key_that_is_named_as_previous_or_next_never_encrypts(
    given: dict[str, str], current: str
) -> None:
    """Whoever names a stray key to read what it has encrypted must not adopt it by that."""
    derived = derived_key(JWT, "secrets at rest")
    keys = encryption_keys(Settings(jwt_secret=JWT, **given))
    assert keys[0] == (derived if current == "jwt" else key_from_setting(KEY))
    texts = {name: text for name, text in given.items() if name.startswith("encryption")}
    known = {derived, *map(key_from_setting, texts.values())}
    if "jwt_secret_previous" in given:
        known.add(derived_key(JWT_BEFORE, "secrets at rest"))
    assert set(keys) == known


def test_an_ack_token_of_the_jwt_secret_before_is_good() -> None:
    before = Crypto(Settings(jwt_secret=JWT_BEFORE)).ack_tokens.of(b"o" * 16, 1)
    after = Settings(jwt_secret=JWT, jwt_secret_previous=JWT_BEFORE)
    assert Crypto(after).ack_tokens.of(b"o" * 16, 1) != before
    assert Crypto(after).ack_tokens.attempt_of(before, b"o" * 16) == 1
