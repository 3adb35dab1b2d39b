"""What follows an attempt that failed, and what is recorded of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.support.api_client import Api
from tests.support.receiver import Receiver, Reply
from tests.support.wait import crowding, wait_until

pytestmark = pytest.mark.e2e

SOON = {"attempts": 3, "delays": ["100ms"]}
LATER = {"attempts": 3, "delays": ["10m"]}


def wait_between(api: Api, receiver: Receiver, occurrence_id: str) -> timedelta:
    """From the end of the first attempt until the second began, by the log of the attempts.

    Not by what the receiver noted: on a busy machine it notes the first one late.
    """
    first, second = api.get(f"/occurrences/{occurrence_id}/attempts")
    began = datetime.fromisoformat(second["started_at"])
    assert receiver.wait_for(2)[1].at_ns >= round(began.timestamp() * 1e6) * 1_000
    return began - datetime.fromisoformat(first["completed_at"])


def test_a_failure_is_recorded_with_the_moment_of_the_next_attempt(
    api: Api, receiver: Receiver
) -> None:
    """While it waits for its next attempt an occurrence is retrying and says until when."""
    receiver.reply("/", Reply(500, body=b"out of order"))
    event = api.create(receiver.url("/"), retry=LATER)
    occurrence = api.wait_for_status(event["id"], "retrying")
    assert occurrence["attempt_count"] == 1
    assert occurrence["status_code"] == 500
    assert occurrence["response_body"] == "out of order"
    assert occurrence["error_message"]
    assert occurrence["completed_at"] is None
    (attempt,) = api.get(f"/occurrences/{occurrence['id']}/attempts")
    next_at = datetime.fromisoformat(occurrence["next_attempt_at"])
    waits = next_at - datetime.fromisoformat(attempt["completed_at"])
    assert timedelta(minutes=10) <= waits < timedelta(minutes=10, seconds=1)
    assert api.event(event["id"])["status"] == "active"


def test_a_second_attempt_may_succeed(api: Api, receiver: Receiver) -> None:
    """500, then 200: completed with two attempts, and nothing of the failure is left over."""
    receiver.reply("/", Reply(500, body=b"no"), Reply(200, body=b"yes"))
    event = api.create(receiver.url("/"), retry=SOON)
    occurrence = api.wait_for_status(event["id"], "completed")
    assert wait_between(api, receiver, occurrence["id"]) >= timedelta(milliseconds=100)
    assert occurrence["attempt_count"] == 2
    assert occurrence["status_code"] == 200
    assert occurrence["response_body"] == "yes"
    assert occurrence["error_message"] is None
    assert occurrence["next_attempt_at"] is None
    assert len(receiver.requests) == 2


def test_attempts_that_are_used_up_end_in_failed(api: Api, receiver: Receiver) -> None:
    """After the last attempt the occurrence has failed, for good."""
    receiver.reply("/", Reply(503))
    event = api.create(receiver.url("/"), retry=SOON)
    occurrence = api.wait_for_status(event["id"], "failed")
    assert occurrence["attempt_count"] == 3
    assert occurrence["status_code"] == 503
    assert occurrence["error_message"]
    assert occurrence["completed_at"] is not None
    assert occurrence["next_attempt_at"] is None
    assert [request.json["attempt"] for request in receiver.requests] == [1, 2, 3]
    assert api.event(event["id"])["status"] == "inactive"


@pytest.mark.parametrize(("policy", "seconds"), [(LATER, 1), (SOON, 2)], ids=["shorter", "longer"])
def test_retry_after_replaces_the_next_delay(
    api: Api, receiver: Receiver, policy: dict[str, object], seconds: int
) -> None:
    """The receiver's word beats the event's policy in either direction."""
    receiver.reply("/", Reply(429, headers={"Retry-After": str(seconds)}), Reply(200))
    event = api.create(receiver.url("/"), retry=policy)
    occurrence = api.wait_for_status(event["id"], "completed")
    assert occurrence["attempt_count"] == 2
    assert wait_between(api, receiver, occurrence["id"]) >= timedelta(seconds=seconds)


def test_gone_ends_the_occurrence_and_the_event(api: Api, receiver: Receiver) -> None:
    """410 fails the occurrence at once, and nothing more is scheduled for the event."""
    receiver.reply("/", Reply(410))
    event = api.create(receiver.url("/"), schedule={"every": "1h"}, retry=SOON)
    wait_until(lambda: api.event(event["id"])["status"] == "inactive", "the event ends")
    assert api.event(event["id"])["next_occurrence_at"] is None
    occurrence = api.wait_for_status(event["id"], "failed")
    assert occurrence["attempt_count"] == 1
    assert occurrence["status_code"] == 410
    assert len(receiver.requests) == 1


def test_redirects_are_not_followed(api: Api, receiver: Receiver) -> None:
    """A redirect is a failure like any other; where it points is never visited."""
    target = receiver.url("/elsewhere")
    receiver.reply("/", Reply(302, headers={"Location": target}))
    event = api.create(receiver.url("/"), retry={"attempts": 1})
    occurrence = api.wait_for_status(event["id"], "failed")
    assert occurrence["status_code"] == 302
    assert not receiver.requests_to("/elsewhere")


def test_the_event_says_how_long_an_attempt_may_take(api: Api, receiver: Receiver) -> None:
    """An attempt that takes longer than the event's timeout is broken off and tried again."""
    receiver.reply("/", Reply.hang(), Reply(200))
    event = api.create(receiver.url("/"), timeout="300ms", retry=SOON)
    first, second = receiver.wait_for(2, 30)
    assert second.at_ns - first.at_ns < 5e9 * crowding()
    assert api.wait_for_status(event["id"], "completed")["attempt_count"] == 2


def test_a_timeout_is_recorded(api: Api, receiver: Receiver) -> None:
    """An attempt without an answer has no status code, and its message says why."""
    receiver.reply("/", Reply.hang())
    event = api.create(receiver.url("/"), timeout="300ms", retry={"attempts": 1})
    occurrence = api.wait_for_status(event["id"], "failed")
    assert occurrence["status_code"] is None
    assert "300ms" in occurrence["error_message"]


def test_a_target_that_refuses_is_tried_again(api: Api, receiver: Receiver) -> None:
    """A refused connection counts as an attempt like an answer that is not 2xx."""
    with Receiver() as closed:
        url = closed.url("/")
    event = api.create(url, retry=LATER)
    occurrence = api.wait_for_status(event["id"], "retrying")
    assert occurrence["status_code"] is None
    assert "refused" in occurrence["error_message"]


def test_a_receiver_may_ask_not_to_be_tried_again(api: Api, receiver: Receiver) -> None:
    """Attempts that are left are not made, and the occurrence says why."""
    receiver.reply("/", Reply(500, headers={"webhook-delivery": "abort-message"}))
    event = api.create(receiver.url("/"), retry=SOON)
    occurrence = api.wait_for_status(event["id"], "failed")
    assert occurrence["attempt_count"] == len(receiver.requests) == 1
    assert "abort-message" in occurrence["error_message"]
