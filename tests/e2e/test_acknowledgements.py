"""Receivers that take a delivery on and say afterwards what came of it."""

from __future__ import annotations

import pytest

from tests.support.api_client import Answer, Api, seconds_of
from tests.support.receiver import Received, Receiver, Reply
from tests.support.stack import Stack
from tests.support.wait import crowding, wait_until

pytestmark = pytest.mark.e2e

TAKEN_ON = Reply(202, headers={"Qhronos-Ack": "required"})
QUICK_RETRIES = {"attempts": 2, "delays": ["1s"]}


def say(api: Api, request: Received, verb: str, **body: object) -> Answer:
    """Say it as the receiver of this request would."""
    client = api.with_token(request.headers["qhronos-ack-token"])
    return client.call("POST", f"/occurrences/{request.webhook_id}/{verb}", body or None)


def wait_until_it_waits(api: Api, event_id: str) -> None:
    wait_until(lambda: api.only_occurrence(event_id)["ack_deadline_at"], "it waits")


def test_a_delivery_is_completed_when_it_is_acknowledged(api: Api, receiver: Receiver) -> None:
    receiver.reply("/", TAKEN_ON)
    event = api.create(receiver.url("/"))
    (request,) = receiver.wait_for(1, 30)
    wait_until_it_waits(api, event["id"])
    assert api.only_occurrence(event["id"])["status"] == "dispatched"
    assert api.event(event["id"])["status"] == "active"
    answer = say(api, request, "ack")
    assert (answer.status, answer.json["status"]) == (200, "completed")
    assert api.event(event["id"])["status"] == "inactive"
    assert say(api, request, "ack").status == 409


def test_a_receiver_may_acknowledge_before_it_has_answered(api: Api, receiver: Receiver) -> None:
    said: list[int] = []

    def quick(request: Received) -> Reply:
        said.append(say(api, request, "ack").status)
        return TAKEN_ON

    receiver.reply("/", quick)
    event = api.create(receiver.url("/"))
    occurrence = api.wait_for_status(event["id"], "completed")
    assert said == [200]
    # What is delivered after it was recorded after it, too: the late answer has changed nothing.
    receiver.reply("/other", Reply())
    other = api.create(receiver.url("/other"))
    api.wait_for_status(other["id"], "completed")
    assert api.only_occurrence(event["id"]) == occurrence


def test_what_is_refused_comes_again_with_another_token(api: Api, receiver: Receiver) -> None:
    receiver.reply("/", TAKEN_ON)
    event = api.create(receiver.url("/"), retry=QUICK_RETRIES)
    (first,) = receiver.wait_for(1, 30)
    wait_until_it_waits(api, event["id"])
    answer = say(api, first, "nack", error="disk full")
    assert (answer.json["status"], answer.json["error_message"]) == ("retrying", "disk full")
    _, second = receiver.wait_for(2, 30)
    assert second.webhook_id == first.webhook_id
    assert say(api, first, "ack").status == 409
    assert say(api, second, "ack").json["status"] == "completed"


def test_no_word_in_time_is_a_failed_attempt(stack: Stack, api: Api, receiver: Receiver) -> None:
    """Late by no more than a moment, though everything was killed while it waited."""
    receiver.reply("/", TAKEN_ON)
    event = api.create(receiver.url("/"), retry=QUICK_RETRIES, ack_timeout="3s")
    (first,) = receiver.wait_for(1, 30)
    wait_until_it_waits(api, event["id"])
    deadline_s = seconds_of(api.only_occurrence(event["id"])["ack_deadline_at"])
    (attempt,) = api.get(f"/occurrences/{first.webhook_id}/attempts")
    assert 3 <= round(deadline_s - seconds_of(attempt["completed_at"]), 6) < 4
    stack.kill_all()
    stack.up()
    second = receiver.wait_for(2, 30)[1]
    assert second.json["attempt"] == 2
    assert second.at_ns / 1e9 >= deadline_s + 1
    occurrence = api.wait_for_status(event["id"], "failed")
    assert occurrence["error_message"] == "the receiver did not acknowledge in time"
    assert (occurrence["status_code"], occurrence["attempt_count"]) == (202, 2)
    assert say(api, second, "ack").status == 409


def test_a_wait_that_nobody_else_keeps_awake_for_ends_in_time(api: Api, receiver: Receiver) -> None:
    """Longer than a drain lingers, with nothing else to do: the scheduler sees to it."""
    receiver.reply("/", TAKEN_ON)
    event = api.create(receiver.url("/"), retry=QUICK_RETRIES, ack_timeout="6s")
    receiver.wait_for(1, 30)
    wait_until_it_waits(api, event["id"])
    deadline_s = seconds_of(api.only_occurrence(event["id"])["ack_deadline_at"])
    second = receiver.wait_for(2, 30)[1]
    assert 1 <= second.at_ns / 1e9 - deadline_s < 1 + 2.5 * crowding()


def test_deleting_the_event_ends_the_wait(api: Api, receiver: Receiver) -> None:
    receiver.reply("/", TAKEN_ON)
    event = api.create(receiver.url("/"), tags=["waits"])
    (request,) = receiver.wait_for(1, 30)
    wait_until_it_waits(api, event["id"])
    api.client.events.delete(event["id"])
    assert api.get(f"/occurrences/{request.webhook_id}")["status"] == "cancelled"
    assert say(api, request, "ack").status == 409
