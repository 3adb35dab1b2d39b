"""Texts that are one line wherever they are shown: in logs, in headers, in calendars."""

from __future__ import annotations

import unicodedata

from app.errors import InvalidInput

_REFUSED_CATEGORIES = ("Cc", "Cs", "Zl", "Zp")
"""Control characters, halves of characters, line and paragraph separators."""

_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They have what follows shown in another order than it is written (Unicode, UAX #9)."""


def is_seen(character: str) -> bool:
    """Whether a character does nothing to those around it where it is shown."""
    category = unicodedata.category(character)
    return category not in _REFUSED_CATEGORIES and character not in _DIRECTIONS


def check_line(text: str) -> None:
    """Raise ``InvalidInput`` for a text that breaks the line that it stands in."""
    if text.isascii() and text.isprintable():
        return
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in text):
        raise InvalidInput("must not contain control characters")


def check_name(text: str) -> None:
    """Raise ``InvalidInput`` for a text that could be taken for another one where it is shown."""
    check_line(text)
    if not _DIRECTIONS.isdisjoint(text):
        raise InvalidInput("must not contain characters that turn the direction of writing")
    if text != text.strip():
        raise InvalidInput("must not begin or end with a space")
