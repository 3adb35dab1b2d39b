"""Which request asks for what is written: the store keeps it with what the request schedules.

An event keeps the id that the caller gave, or any if the request is traced: an id that the service
made up is in the audit log, and would cost every event some bytes. An occurrence that a request
adds or redelivers keeps any id, until it has completed.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, replace

from app.domain.event import Event
from app.domain.origin import Origin


@dataclass(slots=True)
class Asked:
    """A request. ``is_kept``: events that it writes keep its origin."""

    origin: Origin
    is_kept: bool
    scheduled_s: float | None = None
    """When it first scheduled something, on the monotonic clock."""

    def note(self) -> None:
        """Say that it schedules something now."""
        if self.scheduled_s is None:
            self.scheduled_s = time.monotonic()


_current: ContextVar[Asked | None] = ContextVar("asked", default=None)


def begin(asked: Asked | None) -> None:
    """Say which request this thread works for from now on; ``None``: for the service itself."""
    _current.set(asked)


def marked(event: Event) -> Event:
    """The event with the origin that it is stored with: what the service does keeps the one before.

    That of a request that names itself, or is traced, takes its place; any other takes it away.
    """
    asked = _current.get()
    if asked is None:
        return event
    asked.note()
    text = asked.origin.text() if asked.is_kept else ""
    if text == event.definition.origin:
        return event
    return replace(event, definition=event.definition._replace(origin=text))


def origin_of_added() -> str:
    """What an occurrence keeps that is added now; empty if no request asks for it."""
    asked = _current.get()
    if asked is None:
        return ""
    asked.note()
    return asked.origin.text()
