"""Dead letters that are redelivered by real processes, some of which die."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from qhronos import Conflict
from tests.support.api_client import Api
from tests.support.invariants import broken
from tests.support.receiver import Receiver, Reply
from tests.support.stack import Stack
from tests.support.wait import crowding, wait_until

pytestmark = pytest.mark.e2e

ONCE = {"attempts": 1}


def fail_many(api: Api, receiver: Receiver, tag: str, count: int) -> dict[str, str]:
    """Have so many occurrences fail; returns their ids by event."""
    receiver.reply(f"/{tag}", Reply(500))
    url = receiver.url(f"/{tag}")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: api.create(url, retry=ONCE, tags=[tag]), range(count)))
    query = f"/occurrences?tags={tag}&status=failed&limit=100"
    wait_until(lambda: api.get(query)["pagination"]["total"] == count, "all have failed")
    return {one["event_id"]: one["id"] for one in api.get(query)["data"]}


def begin(api: Api, tag: str, **wish: Any) -> dict[str, Any]:
    return dict(api.client.occurrences.redeliver_many(tags=[tag], **wish).raw)


def test_a_mended_receiver_gets_all_of_it_although_upkeep_dies(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """By tag, at the rate asked for, each once, under the webhook-id that it had."""
    count, a_second = 36, 4
    dead = fail_many(api, receiver, "mended", count)
    fail_many(api, receiver, "other", 1)
    receiver.reply("/mended", Reply(200))
    receiver.clear()
    job = begin(api, "mended", rate=f"{a_second}/s")
    assert job["total"] == count

    def progress() -> Mapping[str, Any]:
        return api.client.occurrences.redelivery(job["id"]).raw

    wait_until(lambda: progress()["retried"], "some are handed on")
    assert stack.upkeep is not None
    stack.upkeep.kill()
    assert progress()["retried"] < count
    stack.up()
    wait_until(lambda: progress()["status"] == "completed", "the job ends", 45)
    ended = progress()
    assert (ended["retried"], ended["completed"], ended["error_rate"]) == (count, count, 0)
    came = receiver.requests_to("/mended")
    assert {one.json["event_id"]: one.webhook_id for one in came} == dead
    assert len(came) == count
    assert {one.json["attempt"] for one in came} == {2}
    assert (came[-1].at_ns - came[0].at_ns) / 1e9 > (count - 1) / a_second - 0.5
    assert receiver.requests_to("/other") == []
    with stack.redis() as client:
        assert not broken(client)


def test_who_cancels_a_retry_stops_all_but_a_seconds_worth(api: Api, receiver: Receiver) -> None:
    """And its progress counts what had been handed on, as soon as that is delivered."""
    count, a_second = 60, 10
    fail_many(api, receiver, "called-off", count)
    receiver.reply("/called-off", Reply(200))
    receiver.clear()
    job = begin(api, "called-off", rate=f"{a_second}/s")
    came = receiver.wait_for(2 * a_second, 10, path="/called-off")
    cancelled = api.client.occurrences.cancel_redelivery(job["id"])
    assert cancelled.status == "cancelled"
    assert cancelled.retried <= 3 * a_second + 3
    came = receiver.wait_for(cancelled.retried, 10, path="/called-off")
    wait_until(
        lambda: api.client.occurrences.redelivery(job["id"]).completed == cancelled.retried,
        "all that was handed on is counted",
        2 * crowding(),
    )
    took = (came[-1].at_ns - came[0].at_ns) / 1e9
    # At its rate: the scheduler calls for the next steps before the last ones are used up.
    assert took == pytest.approx((len(came) - 1) / a_second, abs=0.5 * crowding())


def test_a_job_stops_when_too_many_fail_again(api: Api, receiver: Receiver) -> None:
    """The brake spares a receiver that is still broken: what is left stays a dead letter."""
    count, probe = 80, 50
    fail_many(api, receiver, "broken", count)
    receiver.clear()
    job = begin(api, "broken", stop_at_error_rate=0.5)
    wait_until(lambda: api.client.occurrences.redelivery(job["id"]).status == "stopped", "it stops")
    stopped = api.client.occurrences.redelivery(job["id"]).raw
    assert (stopped["retried"], stopped["error_rate"]) == (probe, 1)
    assert stopped["failed"] >= 20
    assert "failed again" in stopped["reason"]
    assert stopped["ended_at"] is not None
    query = "/occurrences?tags=broken&status=failed&limit=1"
    wait_until(lambda: api.get(query)["pagination"]["total"] == count, "all have failed again")
    assert len(receiver.requests) == probe


def test_one_is_attempted_again_and_its_attempts_are_told(api: Api, receiver: Receiver) -> None:
    """The policy starts afresh, attempts go on being counted, each with its moments."""
    receiver.reply("/", Reply(500), Reply(500), Reply(503), Reply(200))
    event = api.create(receiver.url("/"), retry={"attempts": 2, "delays": ["100ms"]})
    occurrence = api.wait_for_status(event["id"], "failed")
    again = api.client.occurrences.redeliver(occurrence["id"])
    assert again.status in {"retrying", "dispatched"}, "a worker may be there already"
    completed = api.wait_for_status(event["id"], "completed")
    assert completed["attempt_count"] == 4
    requests = receiver.requests
    assert [one.json["attempt"] for one in requests] == [1, 2, 3, 4]
    assert {one.webhook_id for one in requests} == {occurrence["id"]}
    attempts = [one.raw for one in api.client.occurrences.attempts(occurrence["id"])]
    assert [one["number"] for one in attempts] == [1, 2, 3, 4]
    assert [one["status_code"] for one in attempts] == [500, 500, 503, 200]
    for one in attempts:
        names = ("due_at", "claimed_at", "started_at", "first_byte_at", "completed_at")
        moments = [datetime.fromisoformat(one[name]) for name in names]
        assert moments == sorted(moments)
        assert one["lateness_ms"] >= 0
        assert one["took_ms"] > 0
    assert attempts[-1]["error_message"] is None
    assert attempts[0]["connect_ms"] is not None
    assert attempts[0]["tls_ms"] is None
    with pytest.raises(Conflict):
        api.client.occurrences.redeliver(occurrence["id"])
