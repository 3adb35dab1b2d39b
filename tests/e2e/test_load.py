"""Many at one moment."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.api_client import Api, at, seconds_of
from tests.support.invariants import broken
from tests.support.receiver import Receiver, Reply
from tests.support.stack import Stack
from tests.support.wait import crowding, wait_until

pytestmark = pytest.mark.e2e

MANY = 500


def test_two_workers_deliver_each_of_many_exactly_once(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """500 events due at one moment: each comes once, none early, all are recorded."""
    start = time.time() + 3
    with ThreadPoolExecutor(4) as pool:
        events = list(
            pool.map(
                lambda _: api.create(receiver.url("/"), start_time=at(start), tags=["many"]),
                range(MANY),
            )
        )
    requests = receiver.wait_for(MANY, 40)
    assert {one.json["event_id"] for one in requests} == {event["id"] for event in events}
    assert all(one.at_ns / 1e9 >= seconds_of(one.json["scheduled_at"]) for one in requests)

    def completed() -> bool:
        counted = api.get("/occurrences?tags=many&status=completed&limit=1")
        return bool(counted["pagination"]["total"] == MANY)

    wait_until(completed, "all are recorded as completed")
    assert len(receiver.requests) == len({one.webhook_id for one in receiver.requests}) == MANY
    with stack.redis() as client:
        assert not broken(client)


def test_a_receiver_that_answers_late_makes_no_other_wait(
    stack: Stack, api: Api, receiver: Receiver, other_receiver: Receiver
) -> None:
    """Longer than a drain lasts: every worker has such a delivery, and goes on with the rest."""
    receiver.reply("/late", Reply(delay=7))
    start = time.time() + 2
    for _ in range(8):
        api.create(receiver.url("/late"), start_time=at(start), timeout="20s")
    moments = [start + 0.5 * step for step in range(14)]
    for moment in moments:
        api.create(other_receiver.url("/quick"), start_time=at(moment))
    late_by = [
        one.at_ns / 1e9 - seconds_of(one.json["scheduled_at"])
        for one in other_receiver.wait_for(len(moments), 40)
    ]
    assert min(late_by) >= 0
    # Far below the seconds that waiting for the late one would cost, far above a busy machine's.
    assert max(late_by) < 1.5 * crowding()
    assert len(receiver.wait_for(8, 40)) == 8
