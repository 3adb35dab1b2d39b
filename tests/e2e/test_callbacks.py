"""Being told how an occurrence ended, checked by another's library."""

from __future__ import annotations

import pytest

from tests.e2e.test_deliveries import WHSEC, assert_genuine
from tests.support.api_client import Api
from tests.support.receiver import Receiver, Reply
from tests.support.stack import SIGNING_SECRET, Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e


def callbacks(api: Api, tag: str) -> list[dict[str, object]]:
    listed = api.get(f"/occurrences?tags={tag}")["data"]
    return [one for one in listed if one["callback_of"]]


def test_a_success_is_told_of(api: Api, receiver: Receiver) -> None:
    receiver.reply("/", Reply(201, body=b"done"))
    event = api.create(
        receiver.url("/"),
        on_success=receiver.url("/glad"),
        on_failure=receiver.url("/sad"),
        metadata={"big": 2**53 + 1},
        tags=["a success"],
    )
    (told,) = receiver.wait_for(1, 30, "/glad")
    occurrence = api.only_occurrence(event["id"])
    assert told.json == {
        "type": "occurrence.completed",
        "event_id": event["id"],
        "occurrence_id": occurrence["id"],
        "name": "test",
        "scheduled_at": event["start_time"],
        "completed_at": occurrence["completed_at"],
        "status": "completed",
        "attempt_count": 1,
        "status_code": 201,
        "error_message": None,
        "metadata": {"big": 2**53 + 1},
        "tags": ["a success"],
        "attempt": 1,
    }
    assert_genuine(told, SIGNING_SECRET)
    assert told.headers["content-type"] == "application/json"
    wait_until(
        lambda: [one["status"] for one in callbacks(api, "a%20success")] == ["completed"],
        "the callback is recorded, and makes none of its own",
    )
    (callback,) = callbacks(api, "a%20success")
    assert callback["id"] == told.webhook_id
    assert callback["callback_of"] == occurrence["id"]
    assert [one.path for one in receiver.requests] == ["/", "/glad"]


def test_a_failure_is_told_of_and_that_is_tried_again(api: Api, receiver: Receiver) -> None:
    """Under the event's own key, on its retry policy, with one id."""
    receiver.reply("/", Reply(500))
    receiver.reply("/sad", Reply(503), Reply())
    event = api.create(
        receiver.url("/"),
        on_failure=receiver.url("/sad"),
        retry={"attempts": 2, "delays": ["100ms"]},
        hmac_secret=WHSEC,
    )
    first, second = receiver.wait_for(2, 30, "/sad")
    occurrence = api.wait_for_status(event["id"], "failed")
    assert first.webhook_id == second.webhook_id != occurrence["id"]
    assert first.json | {"attempt": 2} == second.json
    members = ("type", "status", "attempt_count", "status_code", "error_message")
    assert [first.json[name] for name in members] == [
        *("occurrence.failed", "failed", 2, 500, "the receiver answered 500")
    ]
    for request in (first, second):
        assert_genuine(request, WHSEC)


def test_a_callback_whose_receiver_is_gone_ends_no_series(api: Api, receiver: Receiver) -> None:
    receiver.reply("/glad", Reply(410))
    event = api.create(
        receiver.url("/"), schedule={"every": "1s"}, on_success=receiver.url("/glad"), tags=["gone"]
    )
    receiver.wait_for(2, 30, "/glad")
    receiver.wait_for(3, 30, "/")
    assert api.event(event["id"])["status"] == "active"
    assert "failed" in [one["status"] for one in callbacks(api, "gone")]


def test_a_callback_outlives_the_workers_that_sent_it(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    receiver.reply("/glad", Reply.hang(), Reply())
    api.create(receiver.url("/"), on_success=receiver.url("/glad"), tags=["killed"])
    (first,) = receiver.wait_for(1, 30, "/glad")
    for worker in stack.workers:
        worker.kill()
    stack.up()
    second = receiver.wait_for(2, 30, "/glad")[1]
    assert (second.webhook_id, second.json["attempt"]) == (first.webhook_id, 2)
    wait_until(
        lambda: [one["status"] for one in callbacks(api, "killed")] == ["completed"],
        "it is recorded once",
    )
    assert len(receiver.requests_to("/")) == 1
