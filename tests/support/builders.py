"""Makes what tests need, with what they do not care about filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from app.domain import ids
from app.domain.action import webhook
from app.domain.definition import Definition
from app.domain.event import Event
from app.domain.options import EventOptions
from app.domain.schedule import Schedule
from app.store.claims import Claim
from tests.support.clock import NOW_MS


@cache
def _ids_of(created_ms: int) -> ids.EventIds:
    """One for each moment: one for all would go on from the latest, whatever test asked for it."""
    return ids.EventIds()


def an_event(*, partition: int = 0, created_ms: int = NOW_MS, **fields: Any) -> Event:
    """An active one-time event a minute ahead, with two tags."""
    event_id = _ids_of(created_ms).make(created_ms * 1000, partition)
    made_ms = ids.created_ms(fields.get("id", event_id))
    definition = Definition("an event", NOW_MS + 60_000, webhook("https://example.com/hook"))
    event = Event(
        id=event_id,
        definition=definition,
        tags=("red", "blue"),
        created_ms=made_ms,
        updated_ms=made_ms,
    )
    for name, value in (("options", EventOptions), ("schedule", Schedule)):
        if isinstance(fields.get(name), Mapping):
            fields[name] = value(fields[name])
    return event.changed(**fields)


def a_definition(
    host: str = "example.com", *, schedule: Mapping[str, Any] | None = None, **options: Any
) -> Definition:
    """That of an event with these settings, which begins at ``NOW_MS``."""
    return Definition(
        "an event",
        NOW_MS,
        webhook(f"https://{host}/hook"),
        schedule=None if schedule is None else Schedule(schedule),
        options=EventOptions(options),
    )


def a_claim(number: int = 0, host: str = "example.com", **fields: Any) -> Claim:
    """The first attempt of an occurrence, claimed; its number is its id."""
    claim = Claim(
        occurrence_id=number.to_bytes(16, "big"),
        event_id=b"e" * 16,
        scheduled_ms=0,
        attempt=1,
        token=b"t",
        definition=a_definition(host),
        metadata_json="{}",
        tags=(),
        secret=None,
        recurring=False,
        plan=b"p",
        deaths=0,
        due_ms=0,
    )
    return replace(claim, **fields)


def a_request_body(**fields: Any) -> dict[str, Any]:
    """What a client posts to create a one-time event."""
    body: dict[str, Any] = {
        "name": "an event",
        "start_time": "2030-01-01T00:00:00Z",
        "webhook": "https://example.com/hook",
        "metadata": {"key": "value"},
        "tags": ["red", "blue"],
    }
    return {**body, **fields}


DAILY: Mapping[str, Any] = {"frequency": "daily", "interval": 1}
