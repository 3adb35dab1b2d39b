"""Requests as plain values: they can be changed, written down and sent again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

EVENT: dict[str, Any] = {
    "name": "an event",
    "start_time": "2026-01-05T09:00:00Z",
    "webhook": "https://example.com/hook",
}
"""The least that makes an event; a Monday, four days after the meter's clock."""


@dataclass(frozen=True)
class Request:
    """One request, and those that are sent before it and cost nothing.

    A ``body`` that is text is a calendar, or JSON that no value stands for. ``{id}`` in the path is
    the event that the last of ``before`` has made.
    """

    method: str
    path: str
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    media: str = "application/json"
    before: tuple[Request, ...] = ()

    @property
    def raw(self) -> bytes:
        """The body as it is sent."""
        if self.body is None:
            return b""
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode("utf-8", "replace")

    def as_json(self) -> dict[str, Any]:
        """All of it, to be written to a file; a body that is too long to read is cut."""
        raw = self.raw.decode()
        body = self.body if len(raw) <= 20_000 else f"{raw[:20_000]} … ({len(raw)} bytes)"
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "media": self.media,
            "before": [one.as_json() for one in self.before],
            "body": body,
        }


def preview(schedule: Any, **changes: Any) -> Request:
    """Ask what a schedule would do; ``count``, ``from`` and ``to`` go into the query."""
    names = ("count", "from_", "to")
    query = {name.rstrip("_"): str(changes.pop(name)) for name in names if name in changes}
    body = {"start_time": EVENT["start_time"], "schedule": schedule, **changes}
    return Request("POST", "/preview", body, query)


def create(schedule: Any = None, **changes: Any) -> Request:
    """Create an event, of a schedule if there is one."""
    event = {**EVENT, **({} if schedule is None else {"schedule": schedule}), **changes}
    return Request("POST", "/events", event)


def batch(*events: Request, atomic: bool = False) -> Request:
    """Create the events of such requests in one."""
    bodies = [one.body for one in events]
    return Request("POST", "/events/batch", {"events": bodies, "atomic": atomic})


def patch(change: dict[str, Any], event: Request | None = None, *, dry: bool = False) -> Request:
    """Change an event that was made before."""
    query = {"dry_run": "true"} if dry else {}
    return Request("PATCH", "/events/{id}", change, query, before=(event or create(),))


def calendar(definition: dict[str, Any] | str, name: str = "x") -> Request:
    """Put a calendar, as JSON or (text) as a file."""
    media = "text/calendar" if isinstance(definition, str) else "application/json"
    return Request("PUT", f"/calendars/{name}", definition, media=media)


def on_calendars(definitions: list[dict[str, Any]], asked: Request) -> Request:
    """A request whose event names calendars, which are put before it."""
    puts = tuple(calendar(one, f"c{number}") for number, one in enumerate(definitions))
    body = {**asked.body, "calendars": [f"c{number}" for number in range(len(puts))]}
    return Request(asked.method, asked.path, body, asked.query, before=(*puts, *asked.before))


def file_of(*components: str) -> str:
    """An iCalendar file of such components."""
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *components, "END:VCALENDAR", ""])


def vevent(*lines: str) -> str:
    """One VEVENT, with the lines that every one needs."""
    start = () if any(one.startswith("DTSTART") for one in lines) else ("DTSTART:20260105T090000Z",)
    return "\r\n".join(["BEGIN:VEVENT", "UID:1", *start, *lines, "END:VEVENT"])


def imported(*components: str, query: dict[str, str] | None = None) -> Request:
    """Create the events of a file, each component with a UID of its own."""
    components = tuple(
        one.replace("UID:1\r\n", f"UID:{number}\r\n", 1)
        for number, one in enumerate(components, start=1)
    )
    asked = {"webhook": "https://example.com/hook", **(query or {})}
    return Request("POST", "/events", file_of(*components), asked, "text/calendar")
