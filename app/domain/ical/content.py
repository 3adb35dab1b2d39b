"""Content lines (RFC 5545 3.1): unfolded as bytes, then decoded one by one when they are read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

MAX_LINE = 65_536
"""Bytes of a line that is read; what nobody reads may be of any length."""

_MAX_FOLDED = 4 * MAX_LINE
"""Bytes of a line with its folds, beyond which it counts as too long, whatever would be left."""

_MAX_PARAMETERS = 50
_LINE = re.compile(rb"[^\r\n]+(?:(?:\r*\n|\r)[ \t][^\r\n]*)*+")
_FOLD = re.compile(rb"(?:\r*\n|\r)[ \t]")
_NAME = re.compile(rb"[A-Za-z0-9-]+(?=[:;])")
_PARAMETER = re.compile(r';([^=:;,"]*)(?:=((?:"[^"]*"|[^":;])*+))?')
_TZID = re.compile(r";TZID=([^;]*)", re.IGNORECASE)


class Line(NamedTuple):
    """A line as it was meant, without its folds; ``number`` is where it begins in the file."""

    number: int
    begin: int
    end: int
    raw: bytes

    @property
    def name(self) -> bytes | None:
        """The property's name in capitals; ``None`` for what is no ``NAME:value``."""
        match = _NAME.match(self.raw)
        return None if match is None else match[0].upper()


class Property(NamedTuple):
    """A line that was read; names of parameters are in capitals."""

    name: str
    parameters: Mapping[str, str]
    value: str
    line: int


class Unreadable(ValueError):
    """A line can't be read; the message goes on from its name."""


def content_lines(
    data: bytes, begin: int = 0, end: int | None = None, number: int = 1
) -> Iterator[Line]:
    """Go through the lines that are not empty; ``number`` is that of the first.

    A character may be folded in the middle, so lines are put together before they are decoded.
    """
    newline = b"\n" if b"\n" in data else b"\r"
    counted = begin
    for match in _LINE.finditer(data, begin, len(data) if end is None else end):
        number += data.count(newline, counted, match.start())
        counted = match.start()
        raw = match[0]
        # (Putting together what is far too long would hold up the process for a second.)
        if len(raw) <= _MAX_FOLDED and (b"\n" in raw or b"\r" in raw):
            raw = _FOLD.sub(b"", raw)
        if not raw.isspace():
            yield Line(number, match.start(), match.end(), raw)


def read_property(line: Line, *, is_time: bool = False) -> Property:
    """Decode a line and take it apart; raises ``Unreadable``.

    ``is_time``: its value has no colon, so a TZID with one needs no quotes.
    """
    if len(line.raw) > MAX_LINE:
        raise Unreadable(f"is longer than {MAX_LINE} bytes")
    try:
        text = line.raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("is not UTF-8; save the file as UTF-8") from None
    if is_time and text.count(":") > 1:
        head, _, value = text.rpartition(":")
        if '"' not in head and (zone := _TZID.search(head)):
            name = head.partition(";")[0].upper()
            return Property(name, {"TZID": zone[1].strip()}, value.strip(), line.number)
    name = re.split("[:;]", text, maxsplit=1)[0]
    parameters: dict[str, str] = {}
    at, count = len(name), 0
    while match := _PARAMETER.match(text, at):
        parameters.setdefault(match[1].strip().upper(), _unquoted(match[2] or ""))
        at, count = match.end(), count + 1
        if count > _MAX_PARAMETERS:
            raise Unreadable(f"has more than {_MAX_PARAMETERS} parameters")
    if text[at : at + 1] != ":":
        raise Unreadable("has parameters that can't be read")
    return Property(name.upper(), parameters, text[at + 1 :].strip(), line.number)


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        return text[1:-1].strip()
    return text
