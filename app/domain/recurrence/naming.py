"""What the parts of a rule are called where they were written, so that errors speak that way."""

from __future__ import annotations

from dataclasses import dataclass

from app.errors import InvalidInput

_RFC_NAMES = {"frequency": "FREQ", "week_start": "WKST"}


def rfc_name(part: str) -> str:
    """Return what RFC 5545 calls a part: ``by_month_day`` is ``BYMONTHDAY``."""
    return _RFC_NAMES.get(part, part.replace("_", "").upper())


@dataclass(frozen=True, slots=True)
class Naming:
    """Where a rule was written: as JSON members under ``path``, or as RFC text at ``path``."""

    path: str
    is_text: bool = False

    def name(self, part: str) -> str:
        """Return the part's name in that notation."""
        return rfc_name(part) if self.is_text else part

    def value(self, text: str) -> str:
        """Return a value in that notation: ``WEEKLY`` in RFC text, ``weekly`` in JSON."""
        return text.upper() if self.is_text else text

    def error(self, part: str, predicate: str) -> InvalidInput:
        """Make the error that says, beginning with a verb, what is wrong with a part."""
        if self.is_text:
            return InvalidInput.field(self.path, f"{rfc_name(part)} {predicate}")
        return InvalidInput.field(f"{self.path}.{part}", predicate)
