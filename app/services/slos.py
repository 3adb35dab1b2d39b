"""Lateness objectives of tags, and how they fare by the figures of deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.clock import Clock
from app.domain.access import Access
from app.domain.slo import HOUR_MS, MINUTE_MS, RATES_MS, WINDOWS_MS, Compliance, Share, Slo
from app.domain.stats import Cells, DeliveryFigures
from app.errors import Conflict, Forbidden, NotFound
from app.services.shared_answers import SharedAnswers
from app.services.stats import StatsService
from app.store.slos import SloStore

MAX_SLOS = 200
"""How many tags may have an objective: reading one reads the figures for all."""

GOOD_MS = 10_000
"""For so long what was read is answered again: a month has hundreds of hours."""

NONE = "No objective has this tag."


@dataclass(frozen=True, slots=True)
class SloService:
    """The use cases. Every call raises ``StoreUnavailable``."""

    store: SloStore
    stats: StatsService
    shared: SharedAnswers
    clock: Clock

    def put(
        self, tag: str, lateness_ms: int, objective: float, window_ms: int, access: Access
    ) -> tuple[Slo, bool]:
        """Give a tag an objective, or another one; returns it, and whether it is the first.

        Raises ``Forbidden`` for a tag out of scope, and ``Conflict`` if there are too many.
        """
        if not access.may_change([tag]):
            raise Forbidden("This tag is not in the scope of your token.")
        before, now_ms = self.store.get(tag), self.clock.now_ms()
        if before is None and self.store.count() >= MAX_SLOS:
            raise Conflict(f"{MAX_SLOS} tags have an objective; delete one that is not needed.")
        slo = Slo(tag, lateness_ms, objective, window_ms, now_ms, now_ms)
        if before is not None:
            slo = replace(slo, created_ms=before.created_ms)
        self.store.put(slo)
        return slo, before is None

    def get(self, tag: str, access: Access) -> Slo:
        """Read an objective; raises ``NotFound``, also for one out of scope."""
        found = self.store.get(tag) if access.sees([tag]) else None
        if found is None:
            raise NotFound(NONE)
        return found

    def delete(self, tag: str, access: Access) -> None:
        """Delete an objective; raises ``NotFound``, also for one out of scope."""
        if not access.may_change([tag]) or not self.store.delete(tag):
            raise NotFound(NONE)

    def compliance(self, tag: str, access: Access) -> Compliance:
        """How an objective fares; raises ``NotFound``, also for one out of scope."""
        return self._of([self.get(tag, access)])[0]

    def list(self, access: Access) -> Sequence[Compliance]:
        """How all that are in scope fare, by tag."""
        return self._of([one for one in self.store.all().values() if access.sees([one.tag])])

    def burning(self) -> Mapping[str, str]:
        """The tags whose error budget burns, and how."""
        read = self._read([*self.store.all().values()], most_ms=max(RATES_MS.values()))
        return {slo.tag: one.burning for slo, one in read.items() if one.burning is not None}

    def _of(self, slos: Sequence[Slo]) -> Sequence[Compliance]:
        # All at once for whoever asks, and each is shown to nobody else: ``slos`` are in scope.
        if not slos:
            return []
        every = self.shared.of("slos", lambda: self._read([*self.store.all().values()]))
        missing = [one for one in slos if one not in every]  # one that is new, or was changed
        known = {**every, **self._read(missing)}
        return [known[one] for one in slos]

    def _read(self, slos: Sequence[Slo], most_ms: int = WINDOWS_MS[1]) -> dict[Slo, Compliance]:
        """Read the figures of windows, at most so long, and those of burn rates."""
        if not slos:
            return {}
        now_ms = self.clock.now_ms()
        longest_ms = min(max(one.window_ms for one in slos), most_ms)
        hours = _Shares(slos, self.stats.cells("hour", now_ms - longest_ms, now_ms + 1))
        minutes = _Shares(slos, self.stats.cells("minute", now_ms - 6 * HOUR_MS, now_ms + 1))
        return {
            one: Compliance(
                one,
                hours.since(one, now_ms - one.window_ms, HOUR_MS),
                {
                    name: minutes.since(one, now_ms - ms, MINUTE_MS)
                    if ms <= 6 * HOUR_MS
                    else hours.since(one, now_ms - min(ms, one.window_ms), HOUR_MS)
                    for name, ms in RATES_MS.items()
                },
            )
            for one in slos
        }


class _Shares:
    """What was late of each objective's tag, step by step."""

    def __init__(self, slos: Sequence[Slo], steps: Iterator[tuple[int, Cells]]) -> None:
        self._found: dict[Slo, list[tuple[int, Share]]] = {one: [] for one in slos}
        by_tag = {one.tag: one for one in slos}
        for at_ms, cells in steps:
            figures: dict[str, DeliveryFigures] = {}
            for cell, counts in cells.items():
                for tag in by_tag.keys() & set(cell.tag_list()):
                    figures.setdefault(tag, DeliveryFigures()).add(cell, counts)
            for tag, one in figures.items():
                slo = by_tag[tag]
                self._found[slo].append((at_ms, _share(one, slo.lateness_ms)))

    def since(self, slo: Slo, from_ms: int, step_ms: int) -> Share:
        """What was recorded since a moment, with all of the step in which that is."""
        first_ms = from_ms // step_ms * step_ms
        return sum((share for at, share in self._found[slo] if at >= first_ms), Share())


def _share(figures: DeliveryFigures, lateness_ms: int) -> Share:
    """What was missed was late, too."""
    attempted = figures.lateness().size
    total = attempted + figures.outcomes["missed"]
    return Share(total, total - figures.in_time(lateness_ms))
