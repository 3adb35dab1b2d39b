"""Receivers that are slower than the schedule, and what each overlap policy makes of that."""

from __future__ import annotations

import signal
import time
from typing import Any
from uuid import uuid4

import pytest

from tests.support.api_client import Api, at, seconds_of
from tests.support.invariants import listed_twice
from tests.support.receiver import Received, Receiver, Reply
from tests.support.stack import Stack
from tests.support.wait import crowding, wait_until

pytestmark = pytest.mark.e2e

EVERY_SECOND = {"every": "1s"}
SLOW = Reply(delay=2.5)


def scheduled_s(request: Received) -> float:
    return seconds_of(request.json["scheduled_at"])


def with_status(api: Api, event_id: str, status: str) -> list[dict[str, object]]:
    return [one for one in api.occurrences(event_id) if one["status"] == status]


def test_skip_sends_nothing_while_the_one_before_is_under_way(api: Api, receiver: Receiver) -> None:
    receiver.reply("/", SLOW)
    event = api.create(receiver.url("/"), schedule=EVERY_SECOND, overlap="skip")
    requests = receiver.wait_for(2, 30)
    assert requests[1].at_ns - requests[0].at_ns >= 2.5e9
    assert scheduled_s(requests[1]) - scheduled_s(requests[0]) == 3
    first, second = with_status(api, event["id"], "skipped")[:2]
    for number, one in enumerate((first, second), 1):
        assert seconds_of(str(one["scheduled_at"])) == scheduled_s(requests[0]) + number
        assert one["error_message"] == "the occurrence before it is not over"
        assert (one["attempt_count"], one["started_at"]) == (0, None)


def test_queue_one_sends_the_next_as_soon_as_the_one_before_is_over(
    api: Api, receiver: Receiver
) -> None:
    receiver.reply("/", SLOW)
    event = api.create(receiver.url("/"), schedule=EVERY_SECOND, overlap="queue_one")
    first, second = receiver.wait_for(2, 30)
    assert scheduled_s(second) - scheduled_s(first) == 1
    assert 2.5e9 <= second.at_ns - first.at_ns < 5e9  # long before it would look by itself
    assert second.json["attempt"] == 1
    (skipped, *_) = with_status(api, event["id"], "skipped")
    assert seconds_of(str(skipped["scheduled_at"])) == scheduled_s(first) + 2
    assert "waits already" in str(skipped["error_message"])


def test_cancel_previous_ends_one_whose_answer_then_does_not_count(
    api: Api, receiver: Receiver
) -> None:
    receiver.reply("/", SLOW)
    event = api.create(receiver.url("/"), schedule=EVERY_SECOND, overlap="cancel_previous")
    requests = receiver.wait_for(5, 30)
    assert [scheduled_s(one) - scheduled_s(requests[0]) for one in requests] == [0, 1, 2, 3, 4]
    # The first has been answered by now, with 200.
    cancelled = with_status(api, event["id"], "cancelled")
    assert cancelled[0]["id"] == requests[0].webhook_id
    assert cancelled[0]["error_message"] == "a newer occurrence has taken its place"
    assert cancelled[0]["status_code"] is None


@pytest.fixture(params=["concurrency", "strict"])
def given(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A flow of its own for each test: what one leaves in a flow may hold the next one up."""
    key = uuid4().hex
    if request.param == "concurrency":
        return {"flow": {"key": key, "concurrency": 1}}
    return {"flow": {"key": key}, "order": "strict"}


def test_in_a_flow_skip_skips_what_falls_due_meanwhile(
    api: Api, receiver: Receiver, given: dict[str, Any]
) -> None:
    """Not what its flow lets through while nothing is under way: that would never be skipped."""
    receiver.reply("/", SLOW)
    event = api.create(receiver.url("/"), schedule=EVERY_SECOND, overlap="skip", **given)
    requests = receiver.wait_for(3, 30)
    for one in requests:
        assert one.at_ns / 1e9 - scheduled_s(one) < 1.0, "it is sent at its time or not at all"
    assert [scheduled_s(one) - scheduled_s(requests[0]) for one in requests] == [0, 3, 6]
    assert len(with_status(api, event["id"], "skipped")) >= 4


def test_in_a_flow_cancel_previous_cancels_at_the_next_ones_time(
    api: Api, receiver: Receiver, given: dict[str, Any]
) -> None:
    receiver.reply("/", SLOW)
    event = api.create(receiver.url("/"), schedule=EVERY_SECOND, overlap="cancel_previous", **given)
    (first, *_) = receiver.wait_for(3, 30)
    cancelled = with_status(api, event["id"], "cancelled")
    assert cancelled[0]["id"] == first.webhook_id
    for one in cancelled:
        ended_s = seconds_of(str(one["completed_at"]))
        assert 0.9 < ended_s - seconds_of(str(one["scheduled_at"])) < 1.9


def test_what_is_cancelled_before_it_is_acknowledged_keeps_no_place_in_its_flow(
    api: Api, receiver: Receiver, given: dict[str, Any]
) -> None:
    """Whoever has an hour to acknowledge does not hold the next one up for an hour."""
    receiver.reply("/", Reply(202, headers={"Qhronos-Ack": "required"}))
    event = api.create(receiver.url("/"), schedule=EVERY_SECOND, overlap="cancel_previous", **given)
    first, *others = receiver.wait_for(3, 30)
    cancelled = with_status(api, event["id"], "cancelled")
    assert cancelled[0]["id"] == first.webhook_id
    assert cancelled[0]["error_message"] == "a newer occurrence has taken its place"
    for one in others:
        assert one.at_ns / 1e9 - scheduled_s(one) < 2.0 * crowding(), (
            "a place is missed within a second"
        )


def test_what_was_cancelled_stays_so_though_its_retry_is_due_with_its_successor(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """The workers are held up until the older ones' retries and the newer ones are all due."""
    receiver.reply("/", Reply(500))
    start = time.time() + 1.0
    given: dict[str, Any] = {
        "start_time": at(start),
        "schedule": {"every": "4s"},
        "overlap": "cancel_previous",
        "retry": {"delays": ["4500ms"]},
    }
    events = [api.create(receiver.url("/"), **given) for _ in range(20)]
    receiver.wait_for(20, 10)

    def first(event: dict[str, Any]) -> dict[str, Any]:
        return api.occurrences(event["id"])[0]

    wait_until(lambda: {first(one)["status"] for one in events} == {"retrying"}, "all will retry")
    for worker in stack.workers:
        worker.signal(signal.SIGSTOP)
    time.sleep(max(start + 5.0 - time.time(), 0))
    for worker in stack.workers:
        worker.signal(signal.SIGCONT)
    receiver.wait_for(40, 10)
    assert {one.json["attempt"] for one in receiver.requests_to("/")} == {1}
    assert listed_twice(stack.redis(), 1) == []
    assert {(first(one)["status"], first(one)["attempt_count"]) for one in events} == {
        ("cancelled", 1)
    }


def test_one_that_waits_outlives_every_worker(stack: Stack, api: Api, receiver: Receiver) -> None:
    """Killed in mid-delivery: the one before comes again, and the one that waits follows it."""
    receiver.reply("/", Reply.hang(), Reply())
    event = api.create(receiver.url("/"), schedule=EVERY_SECOND, overlap="queue_one")
    (first,) = receiver.wait_for(1, 30)
    wait_until(lambda: with_status(api, event["id"], "skipped"), "one waits and one is skipped")
    for worker in stack.workers:
        worker.kill()
    stack.up()
    _, again, second = receiver.wait_for(3, 30)[:3]
    assert (again.webhook_id, again.json["attempt"]) == (first.webhook_id, 2)
    assert (scheduled_s(second) - scheduled_s(first), second.json["attempt"]) == (1, 1)
