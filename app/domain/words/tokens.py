"""From a text to tokens, each with its place; whatever no token can begin with is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from app.errors import InvalidInput

MAX_TEXT: Final = 500
_MAX_TOKENS: Final = 120
_TOKEN = re.compile(
    r"""
    (?P<date>\d{4}-\d\d-\d\d)(?![\w-])
    | (?P<hour>\d{1,2}(?::\d\d)?)\ ?(?P<half>[ap])\.?m(?:\.|(?![a-z0-9]))
    | (?P<clock>\d{1,2}:\d\d(?::\d\d)?)(?![\w:])
    | (?P<duration>(?:\d{1,9}(?:ms|[smhdw]))+)(?![a-z0-9])
    | (?P<ordinal>\d{1,3})(?:st|nd|rd|th)(?![a-z0-9])
    | (?P<number>\d{1,9})(?![a-z0-9:/]|\.\d)
    | (?P<zone>[a-z_]{2,20}(?:/[a-z0-9_+\-]{2,20}){1,3}|utc(?![a-z0-9]))
    | (?P<word>[a-z]{1,20}(?:'[a-z]{1,20})?)(?![a-z0-9])
    | (?P<sign>[,;()\-&@])
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_ALIKE: Final = str.maketrans({"\u2013": "-", "\u2014": "-", "\u2019": "'", "\u00a0": " "})
_DECIMAL = re.compile(r"\d{1,2}[.,]\d{1,2}(?![\d./])", re.ASCII)
_NUMERIC_DATE = re.compile(r"\d{1,4}[./]\d{1,2}([./]\d{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or sign.

    ``text`` is what it says, in small letters (a zone as it was written); ``raw`` is what to show.
    """

    kind: str
    text: str
    raw: str
    position: int
    """Where it begins in the text, from 1."""

    @property
    def spellings(self) -> tuple[str, str]:
        """What it says, and how that was written: ``2`` and ``2nd``."""
        return self.text, self.raw.lower()


def tokenize(text: str) -> list[Token]:
    """Cut a text into tokens; raises ``InvalidInput`` for the field ``text``."""
    if len(text) > MAX_TEXT:
        raise InvalidInput.field("text", f"must be at most {MAX_TEXT} characters long")
    plain = text.translate(_ALIKE).rstrip().removesuffix(".")
    found: list[Token] = []
    at = 0
    while at < len(plain):
        if plain[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(plain, at)
        if match is None:
            raise _refused(plain, at)
        found.append(_token(match, at + 1))
        at = match.end()
    if not found:
        raise InvalidInput.field("text", 'must say when, as in "every second Friday at 9:00"')
    if len(found) > _MAX_TOKENS:
        raise InvalidInput.field("text", f"must be at most {_MAX_TOKENS} words long")
    return found


def _token(match: re.Match[str], position: int) -> Token:
    kind = str(match.lastgroup)
    if kind == "half":
        return Token("half", f"{match['hour']}{match['half'].lower()}m", match[0], position)
    text = match[kind]
    return Token(kind, text if kind == "zone" else text.lower(), match[0], position)


def _refused(text: str, at: int) -> InvalidInput:
    decimal = _DECIMAL.match(text, at)
    if decimal is not None:
        return InvalidInput.field(
            "text",
            f'has "{decimal[0]}" at position {at + 1}; write a time as 9:30, a date as 27 November '
            "2026, and a period in whole numbers",
        )
    date = _NUMERIC_DATE.match(text, at)
    if date is not None:
        return InvalidInput.field(
            "text",
            f'has "{date[0]}" at position {at + 1}; write a date as 2026-11-27 or 27 November 2026',
        )
    run = re.match(r"\w{1,40}", text[at:], re.ASCII)
    shown = run[0] if run else text[at]
    if not shown.isprintable():
        shown = f"U+{ord(shown):04X}"
    return InvalidInput.field(
        "text",
        f'has "{shown}" at position {at + 1}, which is not understood; write it in English words',
    )
