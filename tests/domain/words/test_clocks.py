"""Times of day and dates, in the ways in which people write them."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.words.clocks import read_day, read_times
from app.domain.words.tokens import tokenize
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("9", [(9, 0, 0)]),
        ("9:30", [(9, 30, 0)]),
        ("09:05:07", [(9, 5, 7)]),
        ("9am", [(9, 0, 0)]),
        ("9 PM", [(21, 0, 0)]),
        ("12am", [(0, 0, 0)]),
        ("12pm", [(12, 0, 0)]),
        ("12:30 a.m.", [(0, 30, 0)]),
        ("9 o'clock", [(9, 0, 0)]),
        ("9 in the morning", [(9, 0, 0)]),
        ("9 o'clock in the evening", [(21, 0, 0)]),
        ("noon and midnight", [(12, 0, 0), (0, 0, 0)]),
        ("9, 13 and 17:30", [(9, 0, 0), (13, 0, 0), (17, 30, 0)]),
        ("9 and 17", [(9, 0, 0), (17, 0, 0)]),
        ("09:00 and 5pm", [(9, 0, 0), (17, 0, 0)]),
        ("0", [(0, 0, 0)]),
    ],
)
def test_times(text: str, times: list[tuple[int, int, int]]) -> None:
    tokens = tokenize(text)
    read = read_times(tokens, 0)
    assert read is not None
    assert [one.parts for one in read[0]] == times
    assert read[1] == len(tokens)


@pytest.mark.parametrize("text", ["9 and 5", "7 and 9pm", "5 and 5", "24:00", "9:60", "13am"])
def test_times_that_are_asked_back(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_times(tokenize(text), 0)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-27", "27 November 2026", "27th of November 2026", "the 27th of Nov 2026"),
        *("November 27, 2026", "november 27th 2026", "Nov 27th, 2026", "tomorrow"),
    ],
)
def test_dates(text: str) -> None:
    tokens = tokenize(text)
    read = read_day(tokens, 0)
    assert read is not None
    assert read[0].on(date(2026, 11, 26)) == date(2026, 11, 27)
    assert read[1] == len(tokens)


@pytest.mark.parametrize("text", ["27 November", "November 27th", "29 February"])
def test_a_date_without_its_year_is_none_yet(text: str) -> None:
    read = read_day(tokenize(text), 0)
    assert read is not None
    assert read[0].on(date(2026, 11, 26)) is None


@pytest.mark.parametrize("text", ["30 February", "2026-02-29", "31 April 2027", "1 January 1800"])
def test_a_date_that_no_calendar_has(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_day(tokenize(text), 0)
