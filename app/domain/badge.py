"""A badge: two fields with a few words, as an SVG picture. Pure.

It looks the same on light and on dark pages: each field has a colour of its own, on which white has
a contrast of at least 4.5 (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import escape

from app.domain.alert_texts import plain

GOOD, FAIR, BAD, NONE = "#2e7d32", "#8a6100", "#c62828", "#57606a"
"""Colours of what is said."""

_LABEL = "#3d444d"
_PADDING = 6
_HEIGHT = 20

MAX_LABEL = 40

_NO_XML = re.compile("[\ufffe\uffff]")
"""What no XML may have, beside what ``plain`` takes away (XML 1.0, section 2.2)."""

_NARROW, _WIDE = frozenset("fijlrtI1.,:;|!'()[]/ "), frozenset("mwMW@%&")


@dataclass(frozen=True, slots=True)
class Badge:
    """What it says: of what, what, and in which colour."""

    label: str
    message: str
    colour: str

    def svg(self) -> str:
        """The picture. The label may be anything; it is cut, and escaped."""
        label, message = _NO_XML.sub("\ufffd", plain(self.label, MAX_LABEL)), self.message
        left, right = (_width(one) + 2 * _PADDING for one in (label, message))
        title = escape(f"{label}: {message}")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" '
            f'role="img" aria-label="{title}"><title>{title}</title>'
            # (Without a clipping path: its id would be another badge's on a page that has both.)
            f'<rect width="{left + right}" height="{_HEIGHT}" rx="3" fill="{self.colour}"/>'
            f'<path d="M{left} 0v{_HEIGHT}H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="{_LABEL}"/>'
            '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" '
            'text-anchor="middle" aria-hidden="true">'
            f"{_text(label, left / 2, left)}{_text(message, left + right / 2, right)}</g></svg>"
        )


def _text(text: str, middle: float, width: int) -> str:
    fits = f'textLength="{width - 2 * _PADDING}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{middle:g}" y="14" {fits}>{escape(text)}</text>'


def _width(text: str) -> int:
    """About how wide a text is in Verdana of 11 pixels; the picture has it fit."""
    return max(sum(map(_advance, text)), 1)


def _advance(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 12
    return 4 if character in _NARROW else 10 if character in _WIDE else 7
