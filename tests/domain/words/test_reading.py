"""Lists and ranges of days, months and positions."""

from __future__ import annotations

import pytest

from app.domain.words.reading import read_months, read_position, read_weekdays
from app.domain.words.tokens import tokenize


@pytest.mark.parametrize(
    ("text", "days", "is_plural"),
    [
        ("Friday", (4,), False),
        ("Fridays", (4,), True),
        ("mon, wed and fri", (0, 2, 4), False),
        ("Monday to Friday", (0, 1, 2, 3, 4), True),
        ("Fri-Mon", (0, 4, 5, 6), True),
        ("Saturday through Sunday", (5, 6), True),
        ("weekdays and Sunday", (0, 1, 2, 3, 4, 6), True),
        ("weekend", (5, 6), False),
        ("weekend days", (5, 6), True),
        ("working days", (0, 1, 2, 3, 4), True),
        ("business day", (0, 1, 2, 3, 4), False),
        ("Tues, Thurs", (1, 3), False),
    ],
)
def test_days_of_the_week(text: str, days: tuple[int, ...], is_plural: bool) -> None:
    tokens = tokenize(text)
    read = read_weekdays(tokens, 0)
    assert read is not None
    assert (read[0].days, read[0].is_plural, read[1]) == (days, is_plural, len(tokens))


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("January and July", (1, 7)),
        ("november to march", (1, 2, 3, 11, 12)),
        ("Jan-Mar, Sept", (1, 2, 3, 9)),
    ],
)
def test_months(text: str, months: tuple[int, ...]) -> None:
    tokens = tokenize(text)
    assert read_months(tokens, 0) == (months, len(tokens))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("first Monday", [(1, 0)]),
        ("first and third Monday", [(1, 0), (3, 0)]),
        ("first Monday and the last Friday", [(1, 0), (-1, 4)]),
        ("15th and 30th", [(15, "day"), (30, "day")]),
        ("1st and last day", [(1, "day"), (-1, "day")]),
        ("10th, 22nd and 6th to last day", [(10, "day"), (22, "day"), (-6, "day")]),
        ("second to last Friday", [(-2, 4)]),
        ("last working day", [(-1, "working")]),
        ("first business day and last weekday", [(1, "working"), (-1, "working")]),
    ],
)
def test_positions(text: str, position: list[tuple[int, int | str]]) -> None:
    tokens = tokenize(text)
    assert read_position(tokens, 0) == (position, len(tokens))
