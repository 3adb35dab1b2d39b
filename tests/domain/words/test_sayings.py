"""Nothing is said twice, and no word that was said is lost."""

from __future__ import annotations

import pytest

from app.domain.words import understand
from app.domain.words.sentence import read_sentence
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import ms

NOW = ms("2026-11-26T10:12:30Z")

ONCE = [
    *("every day", "every 90s", "on Mondays", "on the first Monday", "on 25 December"),
    *("in January", "every hour at minute 15", "between 9:00 and 17:00", "starting tomorrow"),
    *("until tomorrow", "5 times", "except in July", "except on Sundays", "tomorrow", "in 2 hours"),
]


@pytest.mark.parametrize("said", ONCE)
def test_what_is_said_twice_is_refused(said: str) -> None:
    read_sentence(said)
    with pytest.raises(InvalidInput, match="once"):
        read_sentence(f"{said} {said}")


WORDS = [
    # A text, and a word of it that changes what it comes to.
    ("every second friday at 9", "second"),
    ("every day at 9 and 17", "17"),
    ("every day at 9 except on Sunday", "except"),
    ("every Friday at 9, 5 times", "5"),
    ("every month on the last working day at 9", "working"),
    ("every month on the last working day at 9", "last"),
    ("every Friday at 9 in January and July", "July"),
    ("every 15 minutes between 9:00 and 17:00 on weekdays", "weekdays"),
    ("every Friday at 9 starting 4 December 2026", "starting"),
    ("every day at 9pm", "9pm"),
]


@pytest.mark.parametrize(("text", "word"), WORDS)
def test_a_word_that_is_left_out_changes_what_is_understood(text: str, word: str) -> None:
    full = understand(text, NOW, "Europe/Berlin")
    less = " ".join(one for one in text.split() if one.strip(",") != word)
    assert less != text
    try:
        found = understand(less, NOW, "Europe/Berlin")
    except InvalidInput:
        return
    assert found != full
