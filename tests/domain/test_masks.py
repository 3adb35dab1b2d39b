"""Nothing that is a secret can be read, in whatever form it stands, and all else can be."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.masks import Masker, masker_of, passwords
from app.domain.secret import SecretText

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyMSJ9.c2lnbmF0dXJl"
FORMS = (
    str,
    quote,
    quote_plus,
    lambda secret: quote(secret, safe=""),
    lambda secret: repr(secret)[1:-1],
    lambda secret: repr([secret, "'"]),
    lambda secret: ascii({secret: '"'}),
    lambda secret: repr(secret.encode()),
    lambda secret: repr(f"'{secret}".encode()),
    lambda secret: json.dumps([secret]),
    lambda secret: json.dumps(secret, ensure_ascii=False),
)
"""What libraries make of a text when they put it into a message, a URL or an error."""


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("authorization=Basic dXNlcjpwdw==", "authorization=***"),
        ("{'Authorization': 'Bearer x', 'A': 1}", "{'Authorization': '***', 'A': 1}"),
        ("sent Bearer 0123456789abcdef on", "sent Bearer *** on"),
        ("key whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.", "key whsec_***."),
        ("token qhr_aB3-_x", "token qhr_***"),
        (f"token {JWT} there", "token *** there"),
        ("redis://:hunter2@host:6379/0", "redis://***@host:6379/0"),
        ("to https://user:p%40ss@example.com/a?b=c", "to https://***@example.com/a?***"),
        ("smtp://me@example.com:hunter2@mail.example", "smtp://***@mail.example"),
        ("redis://:it's@host", "redis://***@host"),
        ("https://a.example/x#access_token=1 is away", "https://a.example/x#*** is away"),
        ("GET /feed?token=abc HTTP/1.1", "GET /feed?*** HTTP/1.1"),
        ("why? a=1", "why? a=1"),
        ("Basic dXNlcjpwdw== was sent", "Basic *** was sent"),
        ("Basic understanding", "Basic understanding"),
        ("Set-Cookie: session=abc; Path=/", "Set-Cookie: ***"),
        ("{'cookie': 'a=b; c=d', 'x': 1}", "{'cookie': '***', 'x': 1}"),
        ("a gAAAAABlq3xkQ0xkQ0xkQ0xkQ0xk= b", "a *** b"),
        ("https://example.com/@user", "https://example.com/@user"),
        ("mail user@example.com", "mail user@example.com"),
        ("delivered whsec nothing", "delivered whsec nothing"),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_nothing_else(text: str, masked: str) -> None:
    assert Masker()(text) == masked


def test_known_secrets_are_masked_wherever_they_stand() -> None:
    mask = Masker(["correct horse", "", "correct horse battery"])
    assert mask("a correct horse battery, a correct horse") == "a ***, a ***"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=8, max_size=12))
def test_a_known_secret_is_masked_in_every_form(secret: str) -> None:
    mask = Masker([secret])
    for form in FORMS:
        masked = mask(form(secret))
        # (What is left is what the form has put around it.)
        assert len(masked.replace("***", "")) <= len(form("")) + 2, (secret, form(secret), masked)


def test_the_password_of_a_known_url_is_a_secret_too() -> None:
    """A server that refuses it may repeat it, and not in a URL."""
    assert [*passwords("redis://u:p%2Fw5!@h")] == ["p%2Fw5!", "p/w5!"]
    assert [*passwords("redis://h"), *passwords("redis://:abc@h"), *passwords("http://[")] == []
    mask = Masker([SecretText("smtp://me:hunter%2B2@mail.example")])
    assert mask("535 hunter+2 is wrong, hunter%2B2") == "535 *** is wrong, ***"


def test_a_value_is_masked_by_its_type_and_however_deep_it_stands() -> None:
    secret = SecretText("by its type")
    value = {"a": [secret, {"b": (secret, 1)}], secret: {secret}, "n": None, "f": 1.5, "t": True}
    assert Masker().whatever(value) == {
        "a": ["***", {"b": ["***", 1]}],
        "***": ["***"],
        "n": None,
        "f": 1.5,
        "t": True,
    }
    assert Masker().whatever({"Authorization": "mine", "Cookie": "x"}) == {
        "Authorization": "***",
        "Cookie": "***",
    }
    assert Masker().whatever(ValueError(secret)) == "***"


def test_the_secrets_of_an_error_and_of_its_causes_are_known() -> None:
    """Its text has no types any more; an error that is its own cause is no trap."""
    cause, error = KeyError(SecretText("one secret")), ValueError(SecretText("another"), "open")
    error.__cause__, cause.__context__ = cause, error
    assert masker_of(error)("one secret, another, open") == "***, ***, open"
