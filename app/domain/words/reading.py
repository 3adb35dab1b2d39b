"""Reading values out of tokens: lists, ranges, times and dates.

A reader is given the tokens and a place, and returns a value and the place behind it; ``None`` if
there is none. Raises ``InvalidInput`` for what can be read in two ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from app.domain.words import vocabulary as known
from app.domain.words.tokens import Token
from app.errors import InvalidInput

Tokens = Sequence[Token]
Value = TypeVar("Value")
Read = tuple[Value, int] | None
Reader = Callable[[Tokens, int], Read[Any]]

_TO: Final = ("to", "through", "thru", "till", "until", "-")
_AND: Final = (",", "and", "&")


def text_at(tokens: Tokens, at: int) -> str:
    """Return the text of a token, empty behind the end."""
    return tokens[at].text if at < len(tokens) else ""


def kind_at(tokens: Tokens, at: int) -> str:
    """Return the kind of a token, empty behind the end."""
    return tokens[at].kind if at < len(tokens) else ""


def ask(token: Token, sentence: str) -> InvalidInput:
    """Make the error that asks back about a token."""
    return ask_about(token.raw, token.position, sentence)


def ask_about(words: str, position: int, sentence: str) -> InvalidInput:
    """Make the error that asks back about some words."""
    return InvalidInput.field("text", f'has "{words[:60]}" at position {position}; {sentence}')


def behind_comma(tokens: Tokens, at: int) -> int:
    """Return the place behind a comma, an "and" or both; ``at`` if there is neither."""
    after = at
    while text_at(tokens, after) in _AND and after - at < 2:
        after += 1
    return after


def read_list(tokens: Tokens, at: int, reader: Reader) -> Read[list[Any]]:
    """Read one value or several, with commas and "and" between them."""
    first = reader(tokens, at)
    if first is None:
        return None
    found, at = [first[0]], first[1]
    while True:
        after = behind_comma(tokens, at)
        more = reader(tokens, after) if after > at else None
        if more is None:
            return found, at
        found.append(more[0])
        at = more[1]


def read_number(tokens: Tokens, at: int) -> Read[int]:
    """Read ``15`` or ``fifteen``."""
    text = text_at(tokens, at)
    if kind_at(tokens, at) == "number":
        return int(text), at + 1
    return (known.NUMBERS[text], at + 1) if text in known.NUMBERS else None


def read_numbers(tokens: Tokens, at: int) -> Read[list[int]]:
    """Read several numbers."""
    return read_list(tokens, at, read_number)


def read_unit(tokens: Tokens, at: int) -> Read[str]:
    """Read a unit of time."""
    text = text_at(tokens, at)
    return (known.UNITS[text], at + 1) if text in known.UNITS else None


def read_adverb(tokens: Tokens, at: int) -> Read[tuple[int, str]]:
    """Read "daily" and its like: how many, and of what unit."""
    text = text_at(tokens, at)
    return (known.ADVERBS[text], at + 1) if text in known.ADVERBS else None


def read_ordinal(tokens: Tokens, at: int) -> Read[int]:
    """Read "second", "15th", "last", "second to last"; those from the end are negative."""
    text = text_at(tokens, at)
    if text == "last":
        return -1, at + 1
    if kind_at(tokens, at) == "ordinal":
        number = int(text)
    elif text in known.ORDINALS:
        number = known.ORDINALS[text]
    else:
        return None
    if [text_at(tokens, at + 1), text_at(tokens, at + 2)] == ["to", "last"]:
        return -number, at + 3
    return number, at + 1


def read_ordinals(tokens: Tokens, at: int) -> Read[list[int]]:
    """Read several ordinals."""
    return read_list(tokens, at, read_ordinal)


@dataclass(frozen=True, slots=True)
class NamedDays:
    """Days of the week, Monday is 0; a plural says by itself that they are meant every week."""

    days: tuple[int, ...]
    is_plural: bool


def _read_weekday(tokens: Tokens, at: int) -> Read[NamedDays]:
    text = text_at(tokens, at)
    if text in known.PLURAL_WEEKDAYS:
        return NamedDays((known.PLURAL_WEEKDAYS[text],), is_plural=True), at + 1
    if text in known.GROUPS:
        days, is_plural = known.GROUPS[text]
        is_long = text == "weekend" and text_at(tokens, at + 1) in ("day", "days")
        return NamedDays(days, is_plural or is_long), at + 1 + is_long
    if text in ("working", "business") and text_at(tokens, at + 1) in ("day", "days"):
        return NamedDays((0, 1, 2, 3, 4), text_at(tokens, at + 1) == "days"), at + 2
    if text not in known.WEEKDAYS:
        return None
    first = known.WEEKDAYS[text]
    last = text_at(tokens, at + 2)
    if text_at(tokens, at + 1) in _TO and last in known.WEEKDAYS:
        length = (known.WEEKDAYS[last] - first) % 7
        return NamedDays(tuple((first + day) % 7 for day in range(length + 1)), is_plural=True), (
            at + 3
        )
    return NamedDays((first,), is_plural=False), at + 1


def read_weekdays(tokens: Tokens, at: int) -> Read[NamedDays]:
    """Read days of the week: names, ranges, and words such as "weekdays"."""
    read = read_list(tokens, at, _read_weekday)
    if read is None:
        return None
    days = sorted({day for one in read[0] for day in one.days})
    return NamedDays(tuple(days), is_plural=any(one.is_plural for one in read[0])), read[1]


def read_weekday_range(tokens: Tokens, at: int) -> Read[NamedDays]:
    """Read a range of days of the week, as in "Monday to Friday"."""
    read = _read_weekday(tokens, at)
    return read if read is not None and text_at(tokens, at + 1) in _TO else None


def read_weekday(tokens: Tokens, at: int) -> Read[int]:
    """Read the name of one day of the week."""
    text = text_at(tokens, at)
    return (known.WEEKDAYS[text], at + 1) if text in known.WEEKDAYS else None


def _read_month(tokens: Tokens, at: int) -> Read[list[int]]:
    text, last = text_at(tokens, at), text_at(tokens, at + 2)
    if text not in known.MONTHS:
        return None
    first = known.MONTHS[text]
    if text_at(tokens, at + 1) in _TO and last in known.MONTHS:
        length = (known.MONTHS[last] - first) % 12
        return [(first + month - 1) % 12 + 1 for month in range(length + 1)], at + 3
    return [first], at + 1


def read_months(tokens: Tokens, at: int) -> Read[tuple[int, ...]]:
    """Read months: names and ranges, which may run over the end of a year."""
    read = read_list(tokens, at, _read_month)
    if read is None:
        return None
    return tuple(sorted({month for months in read[0] for month in months})), read[1]


def read_month_range(tokens: Tokens, at: int) -> Read[tuple[int, ...]]:
    """Read a range of months, as in "November to March"."""
    read = _read_month(tokens, at)
    return (tuple(sorted(read[0])), read[1]) if read is not None and read[1] - at > 1 else None


def read_zone(tokens: Tokens, at: int) -> Read[str]:
    """Read the name of a time zone, not yet checked."""
    if kind_at(tokens, at) != "zone":
        return None
    text = tokens[at].text
    return ("UTC" if text.lower() == "utc" else text), at + 1


def read_duration(tokens: Tokens, at: int) -> Read[str]:
    """Read ``1h30m``."""
    return (tokens[at].text, at + 1) if kind_at(tokens, at) == "duration" else None


def read_position(tokens: Tokens, at: int) -> Read[list[tuple[int, int | str]]]:
    """Read days by their place: "first Monday and last Friday", "15th and last day".

    Each is an ordinal and what it counts: a weekday, ``day`` or ``working``. An ordinal without a
    noun takes that of the next one.
    """
    found: list[tuple[int, int | str]] = []
    waiting: list[tuple[int, Token]] = []
    end = at
    while True:
        has_article = text_at(tokens, at) == "the"
        read = read_ordinal(tokens, at + has_article)
        if read is None:
            break
        noun = _read_noun(tokens, read[1])
        if noun is None:
            waiting.append((read[0], tokens[at + has_article]))
            end = read[1]
        else:
            if has_article and noun[0] != "day":
                _refuse_bare_numbers(waiting)
            found += [(number, noun[0]) for number, _ in waiting] + [(read[0], noun[0])]
            waiting = []
            end = noun[1]
        at = behind_comma(tokens, end)
        if at == end:
            break
    found += [(number, "day") for number, _ in waiting]
    return (found, end) if found else None


def _refuse_bare_numbers(waiting: Sequence[tuple[int, Token]]) -> None:
    """Ask about "the 1st and the last Friday": the 1st may be a day of the month."""
    for _, token in waiting:
        if token.kind == "ordinal":
            raise ask(token, "say whether it is a day or a weekday, as in the first Friday")


def _read_noun(tokens: Tokens, at: int) -> Read[int | str]:
    text = text_at(tokens, at)
    if text in ("working", "business") and text_at(tokens, at + 1) == "day":
        return "working", at + 2
    if text in known.WORKING:
        return "working", at + 1
    if text in ("day", "days"):
        return "day", at + 1
    return read_weekday(tokens, at)
