"""The definition of an event: what a user wrote."""

from __future__ import annotations

from typing import NamedTuple

from app.domain.action import Action
from app.domain.options import NO_OPTIONS, EventOptions
from app.domain.recurrence import Recurrence
from app.domain.schedule import Schedule
from app.errors import InvalidInput


class Definition(NamedTuple):  # made for every delivery, in half the time of a frozen dataclass
    """What to deliver, where, and when; ``app.store.codec`` alone knows how it is stored.

    ``start_ms`` is milliseconds since 1970, UTC. Without ``schedule`` the event occurs once. Of
    the headers that are sent along only the names are no secret.
    """

    name: str
    start_ms: int
    action: Action
    description: str = ""
    timezone: str | None = None
    schedule: Schedule | None = None
    options: EventOptions = NO_OPTIONS
    header_names: tuple[str, ...] = ()
    start_wall_ms: int | None = None
    """The wall time given for the start, where the clock changes; see ``recurrence.Start``."""
    origin: str = ""
    """The request that wrote it, as ``origin.Origin`` has it; no user sees it."""

    @property
    def recurrence(self) -> Recurrence:
        """The schedule, ready to be asked; raises ``InvalidInput`` with the dotted field."""
        if self.schedule is None:
            raise InvalidInput.field("schedule", "is missing: the event occurs once")
        return self.schedule.compiled(
            self.start_ms, self.timezone, self.options.dst, self.start_wall_ms
        )
