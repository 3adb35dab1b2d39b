"""Lateness objectives: which share of a tag's deliveries is to begin in time. Pure.

The words and the burn rates are those of the Site Reliability Workbook, chapter 5 ("Alerting on
SLOs"): the error budget is the share that may be late, and a burn rate of 1 uses it up in exactly
one window. It burns fast or slowly if a long and a short time both say so: the long one has few
false alarms, and the short one ends the alarm soon after the fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.stats import BOUNDS_MS

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

LATENESSES_MS = tuple(one for one in BOUNDS_MS if one <= HOUR_MS)
"""What may be "in time": bounds of the histogram, so that the share is exact."""

MIN_OBJECTIVE, MAX_OBJECTIVE = 0.5, 0.99999
WINDOWS_MS = (DAY_MS, 30 * DAY_MS)
"""The shortest window and the longest."""

RATES_MS = {
    "5m": 5 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "6h": 6 * HOUR_MS,
    "3d": 3 * DAY_MS,
}
"""Over which times burn rates are told."""

FAST, SLOW = "fast", "slow"

_BURNING = (
    (FAST, 14.4, "1h", "5m"),
    (FAST, 6.0, "6h", "30m"),
    (SLOW, 1.0, "3d", "6h"),
)
"""From which rate on it burns how, over which long and which short time (table 5-8)."""


@dataclass(frozen=True, slots=True)
class Slo:
    """An objective: of a tag's deliveries this share begins within ``lateness_ms``."""

    tag: str
    lateness_ms: int
    objective: float
    window_ms: int
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class Share:
    """Of so many deliveries so many were late, or missed."""

    total: int = 0
    late: int = 0

    def __add__(self, other: Share) -> Share:
        """Both together."""
        return Share(self.total + other.total, self.late + other.late)


@dataclass(frozen=True, slots=True)
class Compliance:
    """How an objective fares: in its window, and over each of ``RATES_MS``."""

    slo: Slo
    window: Share
    rates: Mapping[str, Share]

    @property
    def compliance(self) -> float | None:
        """The share that began in time; ``None``: there was nothing."""
        one = self.window
        return None if not one.total else 1 - one.late / one.total

    @property
    def budget_left(self) -> float:
        """Which share of the error budget is left; below 0 if more were late than may be."""
        return 1 - self._burn(self.window)

    @property
    def burn_rates(self) -> Mapping[str, float]:
        """How fast the budget is used up; 1 leaves nothing at the end of a window."""
        return {name: self._burn(share) for name, share in self.rates.items()}

    @property
    def burning(self) -> str | None:
        """``fast``, ``slow`` or ``None``."""
        rates = self.burn_rates
        return next(
            (
                how
                for how, least, long, short in _BURNING
                if rates[long] >= least and rates[short] >= least
            ),
            None,
        )

    def _burn(self, share: Share) -> float:
        return share.late / share.total / (1 - self.slo.objective) if share.total else 0.0
