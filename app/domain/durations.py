"""Durations as people write them: ``90s``, ``1h30m``, ``2d``; milliseconds inside."""

from __future__ import annotations

import re
from functools import lru_cache

from app.errors import InvalidInput

_UNITS_MS = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
_PART = re.compile(r"(\d{1,12})(ms|s|m|h|d|w)", re.ASCII)
_WHOLE = re.compile(r"(?:\d{1,12}(?:ms|s|m|h|d|w))+", re.ASCII)
MAX_MS = 100 * 366 * 86_400_000
"""A century: more than any duration here can mean, and far from overflow."""


def parse_duration_ms(text: str) -> int:
    """Read a duration such as ``500ms``, ``90s`` or ``1h30m`` into milliseconds.

    A bare whole number counts seconds. Each unit may stand once. Raises ``InvalidInput``.
    """
    return _parsed(text)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> int:
    compact = text.strip().lower() if len(text) <= 64 else ""
    if re.fullmatch(r"[0-9]{1,9}", compact):
        compact += "s"
    if not _WHOLE.fullmatch(compact):
        raise InvalidInput("must be a duration such as 30s, 5m or 1h30m")
    parts = _PART.findall(compact)
    if len({unit for _, unit in parts}) != len(parts):
        raise InvalidInput("must name each unit at most once, as in 1h30m")
    total = sum(int(number) * _UNITS_MS[unit] for number, unit in parts)
    if total > MAX_MS:
        raise InvalidInput("must be a duration of at most a hundred years")
    return total


def format_duration(ms: int) -> str:
    """Write a duration in the largest whole units, as in ``1h30m``; zero is ``0s``."""
    if ms == 0:
        return "0s"
    words = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, ms = divmod(ms, _UNITS_MS[unit])
        if count:
            words.append(f"{count}{unit}")
    return "".join(words)
