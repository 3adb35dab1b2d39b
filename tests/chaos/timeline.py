"""When an event fires, as the client knows that wrote it: the oracle of chaos.

A client knows of each change when it was sent and when it was answered; the service has made it
somewhere in between. A time is owed if every version of the event that may have been in force then
has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise


@dataclass(frozen=True)
class Shape:
    """From a start on once in every period (0: once), less what is excluded, and what is included.

    Times are ms UTC.
    """

    start_ms: int
    period_ms: int = 0
    exclude: frozenset[int] = frozenset()
    include: frozenset[int] = frozenset()
    jitter_ms: int = 0
    """How much later than that an occurrence may be planned."""

    def has(self, at_ms: int) -> bool:
        if at_ms in self.exclude:
            return False
        if at_ms in self.include:
            return True
        since_ms = at_ms - self.start_ms
        return since_ms >= 0 and (since_ms % self.period_ms if self.period_ms else since_ms) == 0

    def between(self, low_ms: int, high_ms: int) -> Iterator[int]:
        """Its times from ``low_ms`` on and before ``high_ms``."""
        times = {at for at in self.include if low_ms <= at < high_ms}
        if not self.period_ms:
            times.add(self.start_ms)
        else:
            passed = max(-(-(low_ms - self.start_ms) // self.period_ms), 0)
            times.update(range(self.start_ms + passed * self.period_ms, high_ms, self.period_ms))
        yield from sorted(at for at in times if low_ms <= at < high_ms and self.has(at))

    def next_after(self, after_ms: int) -> int | None:
        """Its first time after a moment, if that is not far away."""
        return next(self.between(after_ms + 1, after_ms + 4 * self.period_ms + 10_000), None)

    def changed(self, **given: object) -> Shape:
        return replace(self, **given)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Version:
    """What an event was made: sent and answered then, firing so (``None``: not at all)."""

    sent_ms: int
    known_ms: int
    shape: Shape | None
    call: str = ""
    """What kind of call it was, for whoever reads a failure."""
    spreads: bool = False
    """Whether other processes learn of it in their own time, later on a slow machine."""

    def has(self, at_ms: int) -> bool:
        return self.shape is not None and self.shape.has(at_ms)


NOT_THERE = Version(0, 0, None, "not there")
"""What every event was before it was created."""


@dataclass
class Timeline:
    """The versions of one event, oldest first."""

    versions: list[Version] = field(default_factory=list)
    beside: set[int] = field(default_factory=set)
    """Times that are owed whatever becomes of the schedule: triggered, backfilled, or past."""

    def write(
        self,
        sent_ms: int,
        known_ms: int,
        shape: Shape | None,
        call: str = "",
        *,
        spreads: bool = False,
    ) -> None:
        self.versions.append(Version(sent_ms, known_ms, shape, call, spreads))

    def allow(self, late_ms: Callable[[int, int], int]) -> None:
        """Let what spreads be learned later by what the machine was late then."""
        self.versions = [
            replace(one, known_ms=one.known_ms + late_ms(one.sent_ms, one.known_ms))
            if one.spreads
            else one
            for one in self.versions
        ]

    def forget_future(self) -> None:
        """Owe nothing from the end of a pause on: something else has been changed meanwhile."""
        if self.versions[-1].shape is not None:
            self.versions.pop()

    def owed(self, until_ms: int) -> set[int]:
        """The times before ``until_ms`` of which there must be a record."""
        found = set(self.beside)
        edges = {until_ms}
        for one in self.versions:
            edges |= {one.sent_ms, one.known_ms + 1}
        for low, high in pairwise(sorted(edges)):
            first, *others = self.in_force(low, low)
            if high <= until_ms and first.shape is not None:
                times = first.shape.between(low, high)
                found.update(at for at in times if all(one.has(at) for one in others))
        return found

    def in_force(self, from_ms: int, to_ms: int) -> Sequence[Version]:
        """The versions that may have been in force in a time, oldest first.

        That is the last that was known before, and whatever was sent since: the calls may have
        been made in between, and what several processes have to learn may overlap.
        """
        known = [n for n, one in enumerate(self.versions) if one.known_ms < from_ms]
        since = self.versions[known[-1] :] if known else [NOT_THERE, *self.versions]
        return [since[0], *(one for one in since[1:] if one.sent_ms <= to_ms)]
