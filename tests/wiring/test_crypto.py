"""Keys at rest: the current one first, and never none."""

from __future__ import annotations

import pytest

from app.config import Settings
from app.crypto.encryption import derived_key, key_from_setting
from app.wiring.crypto import Crypto, encryption_keys

KEY, KEY_BEFORE, JWT, JWT_BEFORE = ("k" * 32, "l" * 32, "j" * 32, "i" * 32)


@pytest.mark.parametrize("left_out", [(), (0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_set_keys_come_before_those_of_jwt_secrets_and_current_ones_before_old(
    left_out: tuple[int, ...],
) -> None:
    key, key_before, jwt_before = (
        "" if number in left_out else text
        for number, text in enumerate((KEY, KEY_BEFORE, JWT_BEFORE))
    )
    settings = Settings(
        encryption_key=key,
        encryption_key_previous=key_before,
        jwt_secret=JWT,
        jwt_secret_previous=jwt_before,
    )
    wanted = [key_from_setting(text) for text in (key, key_before) if text]
    wanted += [derived_key(text, "secrets at rest") for text in (JWT, jwt_before) if text]
    assert encryption_keys(settings) == wanted


def test_an_ack_token_of_the_jwt_secret_before_is_good() -> None:
    before = Crypto(Settings(jwt_secret=JWT_BEFORE)).ack_tokens.of(b"o" * 16, 1)
    after = Settings(jwt_secret=JWT, jwt_secret_previous=JWT_BEFORE)
    assert Crypto(after).ack_tokens.of(b"o" * 16, 1) != before
    assert Crypto(after).ack_tokens.attempt_of(before, b"o" * 16) == 1
