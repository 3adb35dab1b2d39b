"""What an answer says, read from its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.answer import cut_text, has_valid_status
from tests.support.deliveries import send
from tests.support.receiver import Reply

LIMIT = 16


@given(st.text(max_size=40))
def test_a_text_is_cut_between_two_characters_and_hardly_shorter_than_it_may_be(text: str) -> None:
    encoded = text.encode()
    cut = cut_text(encoded, LIMIT)
    assert text.startswith(cut.decode())
    assert len(cut) <= LIMIT
    assert cut == encoded or len(cut) > LIMIT - 4


@given(st.binary(max_size=40))
def test_what_is_no_text_is_cut_somewhere_near(body: bytes) -> None:
    cut = cut_text(body, LIMIT)
    assert body.startswith(cut)
    assert min(len(body), LIMIT - 3) <= len(cut) <= LIMIT


@pytest.mark.parametrize(
    ("status", "valid"),
    [
        *((f"{status}", True) for status in (100, 101, 200, 204, 299, 404, 599)),
        *((f"{status}", False) for status in (0, 7, 20, 99, 600, 999, 1000, 2000, 20000)),
        *((status, False) for status in ("abc", "+200", "0200", "2 00", "-200", "2e2", "٢٠٠")),
        *((status, False) for status in ("200OK", "200-", "")),
        (" 200", True),
    ],
)
@pytest.mark.parametrize("end", [" OK\r\n", "\r\n", " \r\n"])
def test_a_status_is_three_digits_from_100_to_599(status: str, valid: bool, end: str) -> None:
    line = f"HTTP/1.1 {status}{end}".encode()
    assert has_valid_status([line, b"Retry-After: 1\r\n", b"\r\n"]) is valid


def test_the_last_status_counts() -> None:
    interim = [b"HTTP/1.1 103 Early Hints\r\n", b"Link: x\r\n", b"\r\n"]
    assert has_valid_status([*interim, b"HTTP/1.1 200 OK\r\n"])
    assert not has_valid_status([*interim, b"HTTP/1.1 2000 OK\r\n"])


def test_without_a_line_there_is_no_status() -> None:
    assert not has_valid_status([])


@pytest.mark.parametrize("shift", range(4))
def test_an_answer_is_cut_between_two_characters(sender, receiver, shift):
    body = ("x" * shift + "\N{SNOWMAN}\N{GRINNING FACE}é" * 600).encode()
    receiver.reply("/", Reply(500, body=body))
    kept = send(sender, receiver.url()).response_body
    assert body.startswith(kept)
    assert kept.decode()
    assert 4096 - 3 <= len(kept) <= 4096
