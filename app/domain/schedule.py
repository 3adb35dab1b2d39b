"""The schedule of an event: as it was given, and compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.recurrence import Recurrence, compile_schedule


@dataclass(frozen=True, slots=True)
class Schedule:
    """When an event repeats. ``given`` is the JSON object that is answered and stored as it is."""

    given: Mapping[str, Any]
    _known: dict[tuple[int, str | None, str], Recurrence] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What it was compiled to last, by what else counts."""

    def compiled(self, start_ms: int, timezone: str | None, dst: Mapping[str, str]) -> Recurrence:
        """The schedule of an event that starts then, ready to be asked; compiled once.

        Raises ``InvalidInput`` with the dotted field.
        """
        asked = (start_ms, timezone, repr(dst))
        found = self._known.get(asked)
        if found is None:
            found = compile_schedule(self.given, start_ms, timezone, dst=dst)
            self._known.clear()
            self._known[asked] = found
        return found
