"""The schedule of an event: as it was given, what its counts come to, and compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.recurrence import Recurrence, compile_schedule


@dataclass(frozen=True, slots=True)
class Schedule:
    """When an event repeats. ``given`` is the JSON object that is answered and stored as it is.

    ``ends`` is what each ``count`` in it came to when it was accepted, for the start, zone and
    ``dst`` of its event; ``None``: it was not accepted yet. Two are equal if the same was given.
    """

    given: Mapping[str, Any]
    ends: tuple[int | None, ...] | None = field(default=None, compare=False)
    is_kept: bool = field(default=False, compare=False)
    """It was accepted once as it is written, and is judged anew."""
    _known: dict[tuple[Any, ...], Recurrence] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What it was compiled to last, by what else counts."""

    def compiled(
        self,
        start_ms: int,
        timezone: str | None,
        dst: Mapping[str, str],
        start_wall_ms: int | None = None,
    ) -> Recurrence:
        """The schedule of an event that starts then, ready to be asked; compiled once.

        Raises ``InvalidInput`` with the dotted field, and ``BudgetExceeded`` in a budget.
        """
        asked = (start_ms, timezone, repr(dst), start_wall_ms)
        found = self._known.get(asked)
        if found is None:
            found = compile_schedule(
                self.given,
                start_ms,
                timezone,
                dst=dst,
                ends=self.ends,
                is_kept=self.is_kept,
                start_wall_ms=start_wall_ms,
            )
            self._known.clear()
            self._known[asked] = found
        return found

    def new(self) -> Schedule:
        """The same schedule, to be judged as one that was not accepted yet."""
        return Schedule(self.given, is_kept=self.is_kept or self.ends is not None)

    def accepted(self, recurrence: Recurrence) -> Schedule:
        """The same schedule, accepted as that recurrence."""
        return Schedule(self.given, recurrence.ends)
