"""Reading times of day and dates out of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.domain.words import vocabulary as known
from app.domain.words.reading import (
    Read,
    Tokens,
    ask,
    kind_at,
    read_list,
    text_at,
)
from app.domain.words.tokens import Token

_NOON: Final = 12
SAY_HALF: Final = "write it as 17:00, or with am or pm"


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of day. ``is_open``: nobody said whether it is before noon or after."""

    hour: int
    minute: int
    second: int
    is_open: bool
    token: Token

    @property
    def parts(self) -> tuple[int, int, int]:
        """Hour, minute and second."""
        return self.hour, self.minute, self.second


def read_time(tokens: Tokens, at: int) -> Read[TimeOfDay]:
    """Read ``9``, ``9:30``, ``5pm``, "noon"; a number alone is an hour of 24."""
    kind, text = kind_at(tokens, at), text_at(tokens, at)
    if text in known.TIMES:
        return TimeOfDay(*known.TIMES[text], is_open=False, token=tokens[at]), at + 1
    if text in known.NUMBERS:
        kind, text = "number", str(known.NUMBERS[text])
    if kind not in ("number", "clock", "half") or _counts_something(tokens, at):
        return None
    half = text[-2:] if kind == "half" else ""
    hour, minute, second = (*map(int, text.removesuffix(half).split(":")), 0, 0)[:3]
    after = at + 1
    if text_at(tokens, after) == "o'clock":
        after += 1
    in_the = [text_at(tokens, after), text_at(tokens, after + 1)] == ["in", "the"]
    if not half and in_the and text_at(tokens, after + 2) in known.PARTS_OF_DAY:
        half = known.PARTS_OF_DAY[text_at(tokens, after + 2)]
        after += 3
    is_open = not half and 1 <= hour <= _NOON and not text.startswith("0")
    if half:
        if not 1 <= hour <= _NOON:
            raise ask(tokens[at], f"with {half} an hour is 1 to 12; {SAY_HALF}")
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ask(tokens[at], "write a time of day from 0:00 to 23:59")
    return TimeOfDay(hour, minute, second, is_open, tokens[at]), after


def _counts_something(tokens: Tokens, at: int) -> bool:
    """Whether it is a number of what follows: 5 times, 15 minutes, 4 December."""
    following = text_at(tokens, at + 1)
    is_counted = following == "times" or following in known.UNITS or following in known.MONTHS
    return kind_at(tokens, at) in ("number", "word") and is_counted


def read_clock_times(tokens: Tokens, at: int) -> Read[list[TimeOfDay]]:
    """Read times that can be nothing else, so that they need no "at"."""
    if kind_at(tokens, at) not in ("clock", "half") and text_at(tokens, at) not in known.TIMES:
        return None
    return read_times(tokens, at)


def read_exact_time(tokens: Tokens, at: int) -> Read[TimeOfDay]:
    """Read one time that can be nothing else."""
    read = read_clock_times(tokens, at)
    return None if read is None else read_time(tokens, at)


def read_times(tokens: Tokens, at: int) -> Read[list[TimeOfDay]]:
    """Read several times of day, of which none is left open by another."""
    read = read_list(tokens, at, read_time)
    if read is None:
        return None
    check_halves(read[0])
    return read


def check_halves(times: Sequence[TimeOfDay]) -> None:
    """Ask where hours alone go back, or stand beside one with am or pm."""
    has_half = any(one.token.kind == "half" for one in times)
    for before, one in zip([None, *times], times, strict=False):
        goes_back = before is not None and one.parts <= before.parts
        if one.is_open and (has_half or (goes_back and before is not None and before.is_open)):
            raise ask(one.token, SAY_HALF)


@dataclass(frozen=True, slots=True)
class Day:
    """A date; without a ``year`` it is that day of every year, or of one that nobody named.

    ``ahead``: instead, so many days after today.
    """

    year: int | None
    month: int
    day: int
    ahead: int | None
    token: Token

    def on(self, today: date) -> date | None:
        """The date, ``None`` if no year was named."""
        if self.ahead is not None:
            return today + timedelta(days=self.ahead)
        return None if self.year is None else date(self.year, self.month, self.day)


def read_day(tokens: Tokens, at: int) -> Read[Day]:
    """Read ``2026-11-27``, "27 November 2026", "the 27th of November", "November 27", "today"."""
    if kind_at(tokens, at) == "date":
        year, month, day = map(int, tokens[at].text.split("-"))
        return _checked(year, month, day, tokens[at]), at + 1
    return _read_relative(tokens, at) or _read_named(tokens, at)


def _read_relative(tokens: Tokens, at: int) -> Read[Day]:
    """Read "today", "tomorrow" and "the day after tomorrow"."""
    text = text_at(tokens, at)
    if text in known.RELATIVE_DAYS:
        return Day(None, 0, 0, known.RELATIVE_DAYS[text], tokens[at]), at + 1
    begin = at + (text == "the")
    if [one.text for one in tokens[begin : begin + 3]] == ["day", "after", "tomorrow"]:
        return Day(None, 0, 0, 2, tokens[at]), begin + 3
    return None


def _read_named(tokens: Tokens, at: int) -> Read[Day]:
    """Read a day with the name of its month, before it or behind it."""
    text = text_at(tokens, at)
    if text in known.MONTHS and kind_at(tokens, at + 1) in ("number", "ordinal"):
        month, day, after = known.MONTHS[text], int(text_at(tokens, at + 1)), at + 2
    else:
        at += text == "the"
        after = at + 1 + (text_at(tokens, at + 1) == "of")
        is_day = kind_at(tokens, at) in ("number", "ordinal")
        if not is_day or text_at(tokens, after) not in known.MONTHS:
            return None
        month, day, after = known.MONTHS[text_at(tokens, after)], int(tokens[at].text), after + 1
    has_comma = text_at(tokens, after) == ","
    written = text_at(tokens, after + has_comma)
    token = tokens[at]
    if kind_at(tokens, after + has_comma) == "number" and len(written) == 4:
        return _checked(int(written), month, day, token), after + has_comma + 1
    return _checked(None, month, day, token), after


def read_days(tokens: Tokens, at: int) -> Read[list[Day]]:
    """Read several dates."""
    return read_list(tokens, at, read_day)


def read_days_of_years(tokens: Tokens, at: int) -> Read[list[Day]]:
    """Read several dates without a year."""
    read = read_days(tokens, at)
    is_of_years = read is not None and all(one.month and one.year is None for one in read[0])
    return read if is_of_years else None


def read_day_of_one_year(tokens: Tokens, at: int) -> Read[Day]:
    """Read a date that comes once."""
    read = read_day(tokens, at)
    return read if read is not None and (read[0].year or read[0].ahead is not None) else None


def _checked(year: int | None, month: int, day: int, token: Token) -> Day:
    try:
        date(2000 if year is None else year, month, day)
    except ValueError:
        raise ask(token, "no calendar has that date") from None
    if year is not None and not 1900 <= year <= 9998:
        raise ask(token, "a year is 1900 to 9998")
    return Day(year, month, day, None, token)
