"""Badges of tags: how the last day went, in a few words."""

from __future__ import annotations

from dataclasses import dataclass

from app.clock import Clock
from app.domain.access import Access
from app.domain.badge import BAD, FAIR, GOOD, NONE, Badge
from app.domain.durations import format_duration
from app.domain.stats import DeliveryFigures
from app.errors import NotFound
from app.services.scoping import circle_of
from app.services.shared_answers import SharedAnswers
from app.services.stats import StatsQuery, StatsService
from app.store.stats_keys import DAY_MS

GOOD_MS = 10_000
"""For so long a badge is answered again: a page may be opened by many."""

STATUS, LATENESS = "status", "lateness"
SHOWN = (STATUS, LATENESS)


@dataclass(frozen=True, slots=True)
class BadgeService:
    """Reads badges. Every call raises ``StoreUnavailable``."""

    stats: StatsService
    shared: SharedAnswers
    clock: Clock

    def of(self, tag: str, shown: str, access: Access) -> Badge:
        """The badge of a tag; raises ``NotFound`` for one out of scope."""
        if not access.sees([tag]):
            raise NotFound("No badge of this tag is in the scope of your token.")
        figures: DeliveryFigures = self.shared.of(
            (tag, circle_of(access)), lambda: self._last_day(tag, access)
        )
        return _status(tag, figures) if shown == STATUS else _lateness(tag, figures)

    def _last_day(self, tag: str, access: Access) -> DeliveryFigures:
        now_ms = self.clock.now_ms()
        query = StatsQuery(now_ms - DAY_MS, now_ms + 1, step="hour", tag=tag)
        return self.stats.of(query, access).total


def _status(tag: str, figures: DeliveryFigures) -> Badge:
    """The share of what has ended that was delivered; never rounded up to all of it."""
    completed = figures.outcomes["completed"]
    ended = completed + figures.outcomes["failed"] + figures.outcomes["missed"]
    if not ended:
        return Badge(tag, "no deliveries", NONE)
    share = completed * 10_000 // ended
    colour = GOOD if share >= 9_900 else FAIR if share >= 9_500 else BAD
    return Badge(tag, f"{share / 100:g}% delivered", colour)


def _lateness(tag: str, figures: DeliveryFigures) -> Badge:
    late = figures.lateness()
    if not late.size:
        return Badge(tag, "no deliveries", NONE)
    if late.p99_ms is None:
        return Badge(tag, "p99 over a day late", BAD)
    colour = GOOD if late.p99_ms <= 1_000 else FAIR if late.p99_ms <= 60_000 else BAD
    return Badge(tag, f"p99 {format_duration(late.p99_ms)} late", colour)
