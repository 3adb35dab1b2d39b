"""Tokens that acknowledge: each is valid for one attempt of one occurrence."""

from __future__ import annotations

import pytest

from app.crypto.ack_tokens import AckTokens

ONE, OTHER = b"o" * 16, b"p" * 16
NEW, OLD = "new" * 12, "old" * 12


def test_a_token_names_the_attempt_that_it_is_for() -> None:
    tokens = AckTokens([NEW])
    assert tokens.attempt_of(tokens.of(ONE, 3), ONE) == 3


def test_it_is_of_no_other_occurrence_and_no_other_attempt() -> None:
    tokens = AckTokens([NEW])
    token = tokens.of(ONE, 3)
    assert tokens.attempt_of(token, OTHER) is None
    assert tokens.attempt_of("4." + token.partition(".")[2], ONE) is None


def test_tokens_of_the_previous_secret_stay_valid_and_new_ones_use_the_new_secret() -> None:
    before, after = AckTokens([OLD]), AckTokens([NEW, OLD])
    assert after.attempt_of(before.of(ONE, 1), ONE) == 1
    assert before.attempt_of(after.of(ONE, 1), ONE) is None


@pytest.mark.parametrize(
    "token", ["", ".", "1", "x.y", "٣.abc", "1." + "a" * 100, "9" * 70, "1.é\ud800"]
)
def test_other_text_is_refused_without_an_error(token: str) -> None:
    assert AckTokens([NEW]).attempt_of(token, ONE) is None
