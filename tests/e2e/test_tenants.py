"""A tenant who stores the worst schedules that are accepted does not keep others waiting."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.api_client import Api, at
from tests.support.invariants import broken
from tests.support.receiver import Receiver
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

LEAP_MONDAY = {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"}
BEYOND = {"every": "1s", "exclude": [LEAP_MONDAY] * 20}
WORST: list[dict[str, Any]] = [
    {"schedule": {"every": "1s", "exclude": [LEAP_MONDAY] * 3}},
    {"schedule": BEYOND},
    {"schedule": BEYOND, "jitter": "900ms", "overlap": "queue_one"},
    {"schedule": BEYOND, "flow": {"key": "one"}, "order": "strict", "timeout": "100ms"},
]
OF_EACH = 15

RUNS, SERIES, ONCE = 5, 10, 40
"""How often each series of the others runs, how many there are, and how many come once."""


def tenant(api: Api, sub: str) -> Api:
    """A write token for one tag."""
    ends = at(time.time() + 3_600)
    made = api.client.tokens.create(sub=sub, access="read_write", scope=[sub], expires_at=ends)
    return api.with_token(made.token)


def previewed(attacker: Api, ended: threading.Event) -> set[int]:
    """Ask for a costly preview again and again; what statuses were answered."""
    draft = {"start_time": "2026-01-01T00:00:00Z", "schedule": BEYOND}
    statuses = set()
    while not ended.is_set():
        statuses.add(attacker.call("POST", "/preview?count=5", draft).status)
        ended.wait(0.1)
    return statuses


def healthy(api: Api, ended: threading.Event) -> list[int]:
    """Ask for health again and again; what statuses were answered."""
    statuses = []
    while not ended.is_set():
        statuses.append(api.call("GET", "/health").status)
        ended.wait(0.2)
    return statuses


def test_others_go_on_beside_the_worst_of_one_tenant(
    stack: Stack, api: Api, receiver: Receiver, other_receiver: Receiver
) -> None:
    """Each of theirs comes once, nobody's series stands still, and health is always answered."""
    attacker, innocent, ended = tenant(api, "attacker"), tenant(api, "innocent"), threading.Event()
    for fields in WORST:
        for _ in range(OF_EACH):
            api.create(receiver.url("/"), tags=["attacker"], **fields)
    start = time.time() + 6
    times: list[dict[str, Any]] = [{"start_time": at(start + n / 10)} for n in range(ONCE)]
    series = {"start_time": at(start), "schedule": {"every": "1s", "count": RUNS}}
    for fields in [series] * SERIES + times:
        innocent.create(other_receiver.url("/"), tags=["innocent"], **fields)
    with ThreadPoolExecutor(24) as pool:
        asked = [pool.submit(previewed, attacker, ended) for _ in range(20)]
        health = pool.submit(healthy, api, ended)
        try:
            requests = other_receiver.wait_for(SERIES * RUNS + ONCE, 40)
        finally:
            ended.set()
    assert len({one.webhook_id for one in requests}) == SERIES * RUNS + ONCE
    assert set(health.result()) == {200}
    assert set().union(*(one.result() for one in asked)) <= {200, 429}

    def all_have_run() -> bool:
        return len({one.json["event_id"] for one in receiver.requests}) == OF_EACH * len(WORST)

    wait_until(all_have_run, "the attacker's run as well")
    for event in api.get("/events?status=active&limit=1000"):
        api.client.events.delete(event["id"])
    with stack.redis() as client:
        wait_until(lambda: not broken(client), "all records agree once nothing runs any more")
