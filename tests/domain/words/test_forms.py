"""The grammar as data: every form can be read, and none is in the shadow of another."""

from __future__ import annotations

import re

import pytest

from app.domain.words.forms import FORMS, READERS, Form, longest_match
from app.domain.words.sayings import SAYERS
from app.domain.words.tokens import tokenize

SAMPLES = {
    "adverb": "daily",
    "clocks": "9:00 and 17:00",
    "date": "27 November 2026",
    "dated": "27 November 2026",
    "dates": "24 December and 31 December",
    "duration": "1h30m",
    "exact": "9:00",
    "last": "17:00",
    "minutes": "30",
    "monthrange": "November to March",
    "months": "January and July",
    "n": "3",
    "numbers": "0, 15",
    "nth": "third",
    "nths": "first and last",
    "position": "first Monday and last Friday",
    "time": "9:00",
    "times": "9 and 17:30",
    "unit": "day",
    "weekday": "Friday",
    "weekdayrange": "Monday to Friday",
    "weekdays": "Monday and Friday",
    "yearly": "25 December",
    "zone": "Europe/Berlin",
}


def sample(form: Form, *, is_long: bool) -> str:
    """A text of the form, with or without what may be left out."""
    words = []
    for part in re.findall(r"\[[^\]]*\]|\S+", form.pattern):
        if part.startswith("[") and not is_long:
            continue
        inner = part.strip("[]")
        words.append(SAMPLES[inner[1:-1]] if inner.startswith("{") else inner.split("|")[0])
    return " ".join(words)


def test_every_form_either_says_something_or_asks() -> None:
    for form in FORMS:
        assert bool(form.says) != bool(form.ask), form.pattern
        assert form.ask or form.says in SAYERS
    assert {form.says for form in FORMS if form.says} == set(SAYERS)


def test_every_reader_is_used() -> None:
    named = set(re.findall(r"\{(\w+)\}", " ".join(form.pattern for form in FORMS)))
    assert named == set(READERS) == set(SAMPLES)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.pattern)
def test_every_form_fits_its_own_sample(form: Form) -> None:
    """As a whole; it may be another form that takes it, if that says the same or asks."""
    for is_long in (False, True):
        tokens = tokenize(sample(form, is_long=is_long))
        match = longest_match(tokens, 0)
        assert match is not None
        assert match.end == len(tokens)
        assert match.form.says == form.says or match.form.ask
