"""What every rule of a schedule shares: the start, the zone, and what its counts come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.recurrence.wall_times import Policy, Start
from app.domain.recurrence.zones import Zone


class Ends:
    """What each ``count`` that has to be walked comes to: walked once, then known.

    They are in the order in which a schedule is read, which is always the same.
    """

    __slots__ = ("_known", "found", "is_new", "may_be_misread")

    def __init__(self, known: Sequence[int | None] | None, *, is_kept: bool = False) -> None:
        """``None``: the schedule is new, so that it is not known to match anything either.

        ``is_kept``: it is judged anew, but was accepted before, as it is written.
        """
        self.is_new = known is None
        self.may_be_misread = self.is_new and not is_kept
        self._known = known or ()
        self.found: list[int | None] = []

    def next(self, walk: Callable[[], int | None]) -> int | None:
        """Return the next of them, walked if it is not known."""
        index = len(self.found)
        self.found.append(self._known[index] if index < len(self._known) else walk())
        return self.found[-1]


@dataclass(frozen=True, slots=True)
class Context:
    """What every rule of a schedule shares."""

    start_ms: int
    zone: Zone
    policy: Policy
    gap_is_given: bool
    ends: Ends
    start_wall: int
    """The start on the wall clock, in whole seconds."""
    start_shown: int
    """What the clock shows at the start: another time, if it skips the one that was given."""
    start_offset: int
    """The offset from UTC with which the start is read: in a gap that before it."""

    @classmethod
    def of(
        cls,
        start: Start,
        zone: Zone,
        policy: Policy,
        ends: Ends,
        *,
        gap_is_given: bool,
    ) -> Context:
        """What follows from the start and the settings of an event."""
        offset = zone.offset_at(start.ms // 1000)
        shown = wall = start.ms // 1000 + offset
        if start.wall_ms is not None:
            wall = start.wall_ms // 1000
        if wall != shown:
            offset = zone.offsets_of(wall)[0]
        return cls(start.ms, zone, policy, gap_is_given, ends, wall, shown, offset)
