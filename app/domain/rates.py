"""Rates as people write them: ``10/s``, ``600/m``, ``5/h``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.errors import InvalidInput

_PERIODS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000}
_FORM = re.compile(r"([1-9][0-9]{0,5})/([smh])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in a period of so many milliseconds."""

    count: int
    period_ms: int


def parse_rate(text: str) -> Rate:
    """Read a rate such as ``10/s``, at most 999,999 in a period; raises ``InvalidInput``."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidInput("must be a rate such as 10/s, 600/m or 5/h")
    return Rate(int(match[1]), _PERIODS_MS[match[2]])
