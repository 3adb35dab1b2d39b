"""The words that sentences about schedules are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

UNITS: Final = {
    "secondly": "second",
    "minutely": "minute",
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
}
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
WORKING_DAYS: Final = tuple(range(5))
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth")


def join(words: Sequence[str], last: str = "and") -> str:
    """Join words with commas, and a word such as "and" before the last."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def forward(numbers: Iterable[int]) -> list[int]:
    """Put what counts from the end behind what counts from the beginning."""
    return sorted(numbers, key=lambda number: (number < 0, number))


def every(interval: int, unit: str) -> str:
    """Name a period: every day, every second day, every 3 days."""
    if interval == 1:
        return f"every {unit}"
    return f"every second {unit}" if interval == 2 else f"every {interval} {unit}s"


def months_of(numbers: Iterable[int]) -> str:
    """Name months: January and July."""
    return join([MONTHS[number - 1] for number in numbers])


def from_end(number: int, last: str = "") -> str:
    """Name a position: first, 20th, last, second to last; ``last`` follows "last"."""
    if number > 0:
        return _ORDINALS[number - 1] if number <= 5 and not last else nth(number)
    if number == -1:
        return f"last{last}"
    return f"{_ORDINALS[-number - 1] if number >= -5 else nth(-number)} to last{last}"


def nth(number: int) -> str:
    """Name a number in an order: 1st, 22nd, 13th."""
    ending = (
        "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def month_days(numbers: Iterable[int], last: str = "and") -> str:
    """Name days of a month: 1st, 15th and last day."""
    return join([from_end(day, " day") for day in forward(numbers)], last)


def clock(hour: int, minute: int, second: int) -> str:
    """Show a time of day; seconds if there are any."""
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")


def date_of(at: datetime) -> str:
    """Show a date: 7 March 2025."""
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def moment_of(at: datetime) -> str:
    """Show a date and a time of day."""
    return f"{date_of(at)} {clock(at.hour, at.minute, at.second)}"
