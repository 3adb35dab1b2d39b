"""Reading the text of an RFC 5545 rule, ``FREQ=MONTHLY;BYDAY=-1FR``, into named parts."""

from __future__ import annotations

import re
from typing import Any, Final

from app.domain.recurrence.naming import rfc_name
from app.domain.recurrence.rule import PARTS
from app.errors import InvalidInput

MAX_TEXT: Final = 4_096
_PARTS_BY_NAME = {rfc_name(part): part for part in PARTS}
_SPACES = re.compile(r"[ \t]+", re.ASCII)
_AROUND = re.compile(r" ?([;=,]) ?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_UNTIL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", re.ASCII)


def check_text(value: Any, path: str) -> str:
    """Return a rule's text, trimmed; raises ``InvalidInput`` if it is none or too long."""
    if not isinstance(value, str):
        raise InvalidInput.field(path, "must be text")
    if not value.strip():
        raise InvalidInput.field(path, "must not be empty")
    if len(value) > MAX_TEXT:
        raise InvalidInput.field(path, f"must be at most {MAX_TEXT} characters long")
    return value.strip()


def read_parts(value: Any, path: str) -> dict[str, Any]:
    """Split the text into parts, named and typed as in the reference form, not yet checked."""
    text = check_text(value, path).upper()
    if text.startswith(("DTSTART", "EXDATE", "RDATE", "EXRULE")):
        raise InvalidInput.field(
            path,
            "must hold the RRULE alone; give DTSTART as start_time, EXDATE and EXRULE in exclude, "
            "RDATE in include",
        )
    # Nothing in a rule has spaces of its own: where people put them, they mean nothing.
    text = _AROUND.sub(r"\1", _SPACES.sub(" ", text.removeprefix("RRULE:"))).strip()
    parts: dict[str, Any] = {}
    for piece in text.removesuffix(";").split(";"):
        name, separator, content = piece.partition("=")
        part = _PARTS_BY_NAME.get(name)
        if not separator or part is None:
            raise InvalidInput.field(
                path, f"has the part {piece[:40]!r}, which is no NAME=value of RFC 5545"
            )
        if part in parts:
            raise InvalidInput.field(path, f"{name} must stand only once")
        parts[part] = _read_content(part, content)
    return parts


def _read_content(part: str, content: str) -> Any:
    if part in ("interval", "count"):
        return _number(content)
    if part == "until":
        return _until(content)
    if part == "by_day":
        return content.split(",")
    if part.startswith("by_"):
        return [_number(entry) for entry in content.split(",")]
    return content


def _number(text: str) -> int | str:
    """Return the number, or the text for the check of the part to refuse."""
    return int(text) if _NUMBER.fullmatch(text) else text


def _until(text: str) -> str:
    """Write ``19971224T000000Z`` as RFC 3339; anything else is left for the check to refuse."""
    match = _UNTIL.fullmatch(text)
    if match is None:
        return "no time"
    year, month, day, hour, minute, second, zulu = match.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{zulu}"
