"""Rates as people write them: ``10/s``, ``600/m``, ``1000/h``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from app.errors import InvalidInput

_PERIODS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_NAMES = {"second": "s", "minute": "m", "hour": "h", "day": "d"}
_RATE = re.compile(r"([1-9][0-9]{0,6})/(s|m|h|d|second|minute|hour|day)", re.ASCII)

MAX_PER_SECOND = 10_000
"""More than one process can send; a higher rate would be no limit."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in each period."""

    count: int
    period_ms: int

    @property
    def text(self) -> str:
        """The rate as it is written, in the short form."""
        unit = next(unit for unit, ms in _PERIODS_MS.items() if ms == self.period_ms)
        return f"{self.count}/{unit}"


def parse_rate(text: Any) -> Rate:
    """Read a rate such as ``10/s``, ``600/m`` or ``5/minute``. Raises ``InvalidInput``."""
    match = _RATE.fullmatch(text.strip().lower()) if isinstance(text, str) else None
    if match is None:
        raise InvalidInput("must be a rate such as 10/s, 600/m, 1000/h or 5000/d")
    unit = _NAMES.get(match[2], match[2])
    rate = Rate(int(match[1]), _PERIODS_MS[unit])
    if rate.count * 1_000 > MAX_PER_SECOND * rate.period_ms:
        raise InvalidInput(f"must be a rate of at most {MAX_PER_SECOND}/s")
    return rate
