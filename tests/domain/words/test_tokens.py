"""Texts of any kind: cut into words, or refused with the character and its place."""

from __future__ import annotations

import pytest

from app.domain.words import MAX_TEXT, understand
from app.domain.words.tokens import tokenize
from app.errors import InvalidInput
from tests.support.processor import processor_s

KINDS = [
    ("9:30", "clock"),
    ("9pm", "half"),
    ("9 p.m.", "half"),
    ("9:30am", "half"),
    ("2026-11-27", "date"),
    ("1h30m", "duration"),
    ("90s", "duration"),
    ("15th", "ordinal"),
    ("15", "number"),
    ("o\u2019clock", "word"),
    ("Europe/Berlin", "zone"),
    ("America/Argentina/Buenos_Aires", "zone"),
    ("UTC", "zone"),
    ("Monday", "word"),
    ("\u2013", "sign"),
]


@pytest.mark.parametrize(("text", "kind"), KINDS, ids=[row[0] for row in KINDS])
def test_the_kinds_of_tokens(text: str, kind: str) -> None:
    (token,) = tokenize(text)
    assert token.kind == kind


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "must say when"),
        (" \t\n", "must say when"),
        ("every day at \u0669", 'has "\u0669" at position 14, which is not understood'),
        ("every day at \uff19", 'has "\uff19" at position 14'),
        ("every day\x00", 'has "U+0000" at position 10'),
        ("every day \u202eat 9", 'has "U+202E" at position 11'),
        ("27/11/2026 at 9", 'has "27/11/2026" at position 1; write a date as 2026-11-27'),
        ("27.11. at 9", 'has "27.11" at position 1; write a date'),
        ("every day at 9:3", 'has "9" at position 14'),
        ("every day at 123:00", 'has "123" at position 14'),
        ("every 5x", 'has "5x" at position 7'),
        ("every 9999999999 days", 'has "9999999999" at position 7'),
        ("*/5 * * * *", 'has "*" at position 1'),
        ('{"every": "5m"}', 'has "{" at position 1'),
        ("x" * (MAX_TEXT + 1), f"must be at most {MAX_TEXT} characters long"),
        ("a " * 200, "must be at most 120 words long"),
    ],
    ids=range(16),
)
def test_what_is_no_word_is_refused_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        tokenize(text)
    assert caught.value.fields["text"][0].startswith(sentence)


@pytest.mark.parametrize(
    "text",
    [
        *("every day at 9 " * 33, "(" * 120, "every " * 80, "and " * 119, ", " * 119),
        *("the first " * 49, "monday, " * 62, "9, " * 119, "every 1 january, " * 29),
        *("1h" * 240, "a/" * 240, "9:" * 240, "every day at 9 and " * 26, "- " * 119),
        "x" * 1_000_000,
    ],
    ids=range(15),
)
def test_no_text_takes_long(text: str) -> None:
    def refuse() -> None:
        with pytest.raises(InvalidInput):
            understand(text, 1_800_000_000_000, "Europe/Berlin")

    assert processor_s(refuse) < 0.25
