"""Idempotency keys: whose a key is, and what is the same request."""

from __future__ import annotations

import pytest

from app.domain.access import MASTER, Access
from app.domain.action import webhook
from app.domain.once import AlreadyMade, Once
from app.errors import InvalidInput

ZOE = Access("Zoë", "write", frozenset({"x", "y"}))
GIVEN = {"name": "n", "tags": ["x"]}


def test_a_key_and_a_digest_are_what_they_always_were() -> None:
    """They are stored for a day: a request that is repeated after an upgrade still counts once."""
    given = {"name": "n", "hmac_secret": "s", "headers": {"a": "b"}}
    once = Once.of("key", given, Access("a", "write", frozenset({"x", "y"})))
    assert once.name.hex() == "22ee9dd56e272b38cecec1034d80d14d"
    assert once.digest.hex() == "bfae4526002a5f8f95f5117def9b4df0"
    given = {"name": "n", "action": webhook("https://example.com/")}
    once = Once.of("key", given, Access("a", "write", frozenset({"x"})))
    assert once.digest.hex() == "d0f613e06789f77708db794e2c32a03b"


@pytest.mark.parametrize(
    ("key", "access"),
    [
        ("other", ZOE),
        ("key", MASTER),
        ("key", Access("master", "admin")),
        ("key", Access("Bob", "write", ZOE.scope)),
        ("key", Access("Zoë", "admin")),
        ("key", Access("Zoë", "write", frozenset({"x"}))),
    ],
)
def test_a_key_is_somebodys_own(key: str, access: Access) -> None:
    assert Once.of(key, GIVEN, access).name != Once.of("key", GIVEN, ZOE).name


def test_tokens_of_one_subject_and_scope_share_their_keys() -> None:
    other = Access("Zoë", "read_write", frozenset({"y", "x"}))
    assert Once.of("key", GIVEN, other) == Once.of("key", GIVEN, ZOE)


def test_the_digest_covers_what_was_asked_for_but_no_secret() -> None:
    """Short secrets could be guessed from it."""
    digest = Once.of("key", GIVEN, ZOE).digest
    turned = {"tags": ["x"], "name": "n"}
    secret = {**GIVEN, "hmac_secret": "s", "headers": {"a": "b"}}
    assert Once.of("key", turned, ZOE).digest == Once.of("key", secret, ZOE).digest == digest
    assert Once.of("key", {**GIVEN, "name": "m"}, ZOE).digest != digest
    assert Once.of("key", {**GIVEN, "at": object}, ZOE).digest != digest


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256, "a\n"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Once.of(key, {}, ZOE)
    assert caught.value.message == (
        "Idempotency-Key must be 1 to 255 characters of ASCII without spaces, such as a UUID."
    )


def test_a_key_may_have_255_characters() -> None:
    assert len(Once.of("~" * 255, {}, ZOE).name) == 16


def test_what_was_made_before_is_kept_with_its_digest() -> None:
    made = AlreadyMade(b"event", b"digest")
    assert (made.event_id, made.digest) == (b"event", b"digest")
