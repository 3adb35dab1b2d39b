"""A word that is not understood is named, with its place and with what would be."""

from __future__ import annotations

import re

import pytest

from app.domain.words import understand
from app.domain.words.sentence import EXAMPLES, read_sentence
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import ms

NOW = ms("2026-11-26T10:12:30Z")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("every firday at 9", 'has "firday" at position 7; did you mean friday?'),
        ("evry day at 9", 'has "evry" at position 1; did you mean every?'),
        (
            "every day at nine thirty",
            'has "thirty" at position 19, which is not understood here',
        ),
        ("jeden Freitag um 9", 'has "jeden" at position 1, which is not understood; write'),
        ("every day at 9 EST", 'has "EST" at position 16; write the time zone as Europe/Berlin'),
        ("every day for lunch at 9", 'has "for" at position 11, which is not understood; write'),
        ("every full moon at 9", 'has "full" at position 7, which is not understood; write'),
        ("every", 'has "every" at position 1, which is not understood here; write'),
        ("every day at", 'has "at" at position 11, which is not understood here; write'),
        ("every day at 9 and", 'has "and" at position 16, which is not understood here; write'),
    ],
)
def test_the_word_is_named(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_sentence(text)
    assert caught.value.fields["text"][0].startswith(sentence)


def test_the_examples_of_a_refusal_are_understood() -> None:
    examples = re.findall(r'"([^"]+)"', EXAMPLES)
    assert len(examples) == 3
    for example in examples:
        assert understand(example, NOW).schedule


def test_a_text_of_many_parts_is_refused() -> None:
    text = " and ".join(["every day at 9"] * 11)
    with pytest.raises(InvalidInput, match="at most 10 parts"):
        read_sentence(text)
