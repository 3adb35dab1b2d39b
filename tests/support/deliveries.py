"""Short ways to send in tests."""

from __future__ import annotations

import ipaddress
import time
from typing import Any

from app.delivery.actions import build
from app.delivery.request import Identity, Job, Request
from app.delivery.sender import CurlSender
from app.domain.action import webhook
from app.domain.ids import EventIds, occurrence_id
from app.domain.outcome import Outcome
from app.domain.targets import TargetPolicy
from tests.support.wait import PATIENCE_S

LOCAL = TargetPolicy(allowed=(ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_MS = 1_713_866_400_000

_event_ids = EventIds()


def job(url: str, **changes: Any) -> Job:
    """Make a job that delivers to ``url``; any field may be given."""
    event_id = _event_ids.make(NOW_MS * 1000, 0)
    values: dict[str, Any] = {
        "event_id": event_id,
        "occurrence_id": occurrence_id(event_id, NOW_MS),
        "scheduled_ms": NOW_MS,
        "attempt": 1,
        "name": "Report",
        "description": "",
        "metadata_json": '{"a":1}',
        "tags": ("daily",),
        "action": webhook(url),
        "secrets": (SECRET,),
        "timeout_ms": 5_000,
    }
    return Job(**{**values, **changes})


def request(url: str, **changes: Any) -> Request:
    built = build(job(url, **changes), NOW_MS, Identity("a1b2"))
    assert isinstance(built, Request)
    return built


def start(sender: CurlSender, url: str, token: object = None, **changes: Any) -> None:
    now_us = time.time_ns() // 1000
    sender.start(token or url, request(url, **changes), due_us=now_us, now_us=now_us)


def outcomes(
    sender: CurlSender, count: int, timeout: float = PATIENCE_S
) -> list[tuple[object, Outcome]]:
    """Poll until so many attempts have ended."""
    ended: list[tuple[object, Outcome]] = []
    deadline = time.monotonic() + timeout
    while len(ended) < count:
        assert time.monotonic() < deadline, f"{len(ended)} of {count} ended in {timeout} s"
        ended += sender.poll(100)
    return ended


def send(sender: CurlSender, url: str, **changes: Any) -> Outcome:
    """Send one request and return what it came to."""
    start(sender, url, **changes)
    return outcomes(sender, 1)[0][1]
