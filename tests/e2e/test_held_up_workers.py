"""Workers that are held up by chance, as on a busy host, and what holds all the same."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import pytest

from tests.support.api_client import Api, at, seconds_of
from tests.support.receiver import Received, Receiver, Reply
from tests.support.stack import Stack
from tests.support.stalls import Stalling

pytestmark = pytest.mark.e2e

HOUR_S = 3600.0
FLOWS = 30
BACKFILLED = 11
FAILING = 5
"""The occurrence of each flow, counted from 0, whose first two attempts fail."""


def backfill(api: Api, receiver: Receiver, number: int, start: float) -> str:
    """Create an hourly event in a strict flow of its own and have its first occurrences sent."""
    event = api.create(
        receiver.url("/"),
        name=str(number),
        start_time=at(start),
        schedule={"every": "1h"},
        order="strict",
        flow={"key": f"held-up-{number}"},
        retry={"delays": ["1s", "1s"]},
    )
    end = at(start + (BACKFILLED - 1) * HOUR_S)
    assert api.client.events.backfill(event["id"], from_=at(start), to=end).added
    return str(event["id"])


def test_strict_order_holds_whoever_is_held_up(stack: Stack, api: Api, receiver: Receiver) -> None:
    """The sixth of eleven fails twice: the seventh waits until its last attempt is over."""
    start = round(time.time()) - 24.5 * HOUR_S
    failing = start + FAILING * HOUR_S

    def answer(request: Received) -> Reply:
        fails = seconds_of(request.json["scheduled_at"]) == failing
        return Reply(500 if fails and request.json["attempt"] < 3 else 200)

    receiver.reply("/", answer)
    with Stalling(seed=0, programs=lambda: stack.workers, apart_s=0.02):
        events = [backfill(api, receiver, number, start) for number in range(FLOWS)]
        requests = receiver.wait_for(FLOWS * (BACKFILLED + 2), 40)
    seen: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for one in requests:
        body: dict[str, Any] = one.json
        seen[body["event_id"]].append((seconds_of(body["scheduled_at"]), body["attempt"]))
    out_of_order = [event for event in events if seen[event] != sorted(seen[event])]
    assert out_of_order == []
