"""Conditional writes of events: the store's answers, and what follows from each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from app.domain.event import Event
from app.errors import StaleVersion
from app.store.event_plans import Plan, Saved

WRITE_TRIES = 8
"""How often a write is repeated if the event has changed since it was read."""

CHANGING = "The event is being changed by others all the time; try again."
"""The message of the conflict after so many tries."""

TAKEN = (
    "An event with the id of this one is there already, perhaps from this very request: look for "
    "it before you send the request again."
)

Write = Callable[[Event], tuple[Saved, Event]]
"""Plans and writes a change of an event as it was read; returns the event after it."""


def is_written(saved: Saved) -> bool:
    """Whether a change or a deletion is stored; if not, the event is to be read again.

    One that is gone is then not found. Only what creates an event can be a duplicate.
    """
    match saved:
        case Saved.DONE:
            return True
        case Saved.GONE | Saved.STALE | Saved.MOVED | Saved.MADE | Saved.KEYED | Saved.TAKEN:
            return False
        case _:
            assert_never(saved)


def require_version(event: Event, if_match: int | None) -> None:
    """Raise ``StaleVersion`` if another version is wanted; ``None`` wants any."""
    if if_match is not None and event.version != if_match:
        raise StaleVersion


def with_next(event: Event, plan: Plan) -> Event:
    """The event as it is once it is stored with this plan."""
    if plan.keep:
        return event
    return replace(event, next_ms=None if plan.missed else plan.scheduled_ms)
