"""The extra headers of an event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.headers import is_the_services, parse_headers, unmasked
from app.errors import InvalidInput


def test_names_and_values_are_kept_in_order_and_trimmed():
    given = {"Authorization": "Bearer x", "X-Team": " blau ü ", "X-Empty": ""}
    assert parse_headers(given) == (
        ("Authorization", "Bearer x"),
        ("X-Team", "blau ü"),
        ("X-Empty", ""),
    )


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        (None, "headers"),
        (["X-A: 1"], "headers"),
        ({f"X-{n}": "" for n in range(21)}, "headers"),
        ({"": "x"}, "headers"),
        ({"X A": "x"}, "headers"),
        ({"X:A": "x"}, "headers"),
        ({"X\r\nEvil": "x"}, "headers"),
        ({"Ü": "x"}, "headers"),
        ({"X-A": "1", "x-a": "2"}, "headers"),
        ({"X-A": 1}, "headers.X-A"),
        ({"X-A": "1\r\nEvil: 1"}, "headers.X-A"),
        ({"X-A": "1\x00"}, "headers.X-A"),
        ({"X-A": "\u20ac"}, "headers.X-A"),
        ({"X-A": "x" * 1025}, "headers.X-A"),
        ({"Host": "x"}, "headers.Host"),
        ({"Content-Length": "1"}, "headers.Content-Length"),
        ({"CONTENT-TYPE": "x"}, "headers.CONTENT-TYPE"),
        ({"Transfer-Encoding": "chunked"}, "headers.Transfer-Encoding"),
        ({"webhook-id": "x"}, "headers.webhook-id"),
        ({"X-Qhronos-Signature": "x"}, "headers.X-Qhronos-Signature"),
        ({"Connection": "close"}, "headers.Connection"),
        ({"User-Agent": "x"}, "headers.User-Agent"),
        ({"Webhook_Id": "x"}, "headers.Webhook_Id"),
        ({"webhook_signature": "x"}, "headers.webhook_signature"),
        ({"X_Qhronos_Signature": "x"}, "headers.X_Qhronos_Signature"),
        ({"X-Qhronos_Signature": "x"}, "headers.X-Qhronos_Signature"),
        ({"Qhronos_Ack_Token": "x"}, "headers.Qhronos_Ack_Token"),
        ({"content_type": "x"}, "headers.content_type"),
        ({"Content_Length": "1"}, "headers.Content_Length"),
        ({"Transfer_Encoding": "chunked"}, "headers.Transfer_Encoding"),
        ({"User_Agent": "x"}, "headers.User_Agent"),
        ({"Webhook.Id": "x"}, "headers.Webhook.Id"),
        ({"Webhook~Id": "x"}, "headers.Webhook~Id"),
    ],
)
def test_what_would_break_or_forge_a_request_is_refused(headers, field):
    with pytest.raises(InvalidInput) as caught:
        parse_headers(headers)
    assert list(caught.value.fields) == [field]


def test_a_mask_stands_for_the_stored_value_of_that_name_in_any_case():
    stored = (("Authorization", "Bearer x"), ("X-Team", "blue"))
    assert unmasked((("authorization", "***"), ("X-New", "1")), stored) == (
        ("authorization", "Bearer x"),
        ("X-New", "1"),
    )
    with pytest.raises(InvalidInput) as caught:
        unmasked((("X-Other", "***"),), stored)
    assert list(caught.value.fields) == ["headers.X-Other"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "headers: must be an object of at most 20 names and values"),
        ({"X A": "x"}, "headers: must have names of letters, digits and hyphens"),
        ({"X-A": "1", "x-a": "2"}, "headers: must name each header once, in any case of letters"),
        ({"Host": "x"}, "headers.Host: must not be set: the service sets it itself"),
        (
            {"Webhook_Id": "x"},
            "headers.Webhook_Id: must not be set: many receivers take it for our webhook-id",
        ),
        ({"X-A": 1}, "headers.X-A: must be a line of at most 1024 characters of Latin-1"),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        parse_headers(value)
    assert caught.value.message == sentence


def test_as_many_and_as_long_as_may_be():
    given = {f"X-{n}": "x" * 1024 for n in range(20)}
    assert parse_headers(given) == tuple(given.items())


def test_a_mask_without_a_stored_value_says_what_it_is_for():
    with pytest.raises(InvalidInput) as caught:
        unmasked((("X-Other", "***"),), ())
    assert caught.value.message == (
        "headers.X-Other: must be a value: *** keeps one that is stored, and none is"
    )


SENT = ("content-type", "content-length", "user-agent", "host", "webhook-id", "webhook-timestamp",
        "webhook-signature", "x-qhronos-signature", "x-qhronos-instance", "qhronos-ack-token")  # fmt: skip


@given(st.text("!#$%&'*+.^_`|~-abcdehiknopqrstuwxyABCINORSTUWX", min_size=1, max_size=20))
def test_no_header_that_is_allowed_becomes_one_of_ours_in_cgi(name):
    """CGI's variable, as the most liberal servers make it."""

    def variable(header):
        return "".join(one if one.isalnum() else "_" for one in header.upper())

    if not is_the_services(name):
        assert variable(name) not in map(variable, SENT)


@pytest.mark.parametrize("separator", "!#$%&'*+.^_`|~-")
@pytest.mark.parametrize("sent", SENT)
def test_every_other_spelling_of_ours_is_known(sent, separator):
    assert is_the_services(sent.replace("-", separator).title())


@pytest.mark.parametrize("name", ["X_Team", "Authorization", "X-Webhook-Id", "webhookid", "Accept"])
def test_other_names_are_their_owner_s(name):
    assert parse_headers({name: "x"}) == ((name, "x"),)
