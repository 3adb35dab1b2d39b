"""Makes what tests need, with what they do not care about filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.domain import ids
from app.domain.event import Event
from app.store.claims import Claim
from tests.support.clock import NOW_MS

_event_ids = ids.EventIds()


def an_event(*, partition: int = 0, created_ms: int = NOW_MS, **fields: Any) -> Event:
    """An active one-time event a minute ahead, with two tags."""
    event_id = _event_ids.make(created_ms * 1000, partition)
    made_ms = ids.created_ms(event_id)
    event = Event(
        id=event_id,
        name="an event",
        start_ms=NOW_MS + 60_000,
        action={"type": "webhook", "params": {"url": "https://example.com/hook"}},
        tags=("red", "blue"),
        created_ms=made_ms,
        updated_ms=made_ms,
    )
    return replace(event, **fields)


def a_claim(number: int = 0, host: str = "example.com", **fields: Any) -> Claim:
    """The first attempt of an occurrence, claimed; its number is its id."""
    claim = Claim(
        occurrence_id=number.to_bytes(16, "big"),
        event_id=b"e" * 16,
        scheduled_ms=0,
        attempt=1,
        token=b"t",
        doc={"to": f"https://{host}/hook"},
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
