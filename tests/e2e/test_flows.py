"""Flow control over two workers: rate, concurrency, order, pause; and what a dead worker leaves."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest

from tests.support.api_client import Api, at
from tests.support.receiver import Received, Receiver, Reply
from tests.support.stack import Stack
from tests.support.wait import crowding, wait_until

pytestmark = pytest.mark.e2e


def make(api: Api, receiver: Receiver, count: int, start: float, path: str, **given: Any) -> None:
    """Create events of one flow, all due at once."""
    for number in range(count):
        api.create(receiver.url(path), name=str(number), start_time=at(start), **given)


def most_at_once(requests: list[Received], lasting_s: float) -> int:
    """How many requests were under way at once, if each took so long."""
    edges = sorted(
        edge
        for one in requests
        for edge in ((one.at_ns, 1), (one.at_ns + int(lasting_s * 0.9e9), -1))
    )
    level = most = 0
    for _, step in edges:
        level += step
        most = max(most, level)
    return most


def test_a_rate_spaces_attempts_over_all_workers(api: Api, receiver: Receiver) -> None:
    start = time.time() + 1.0
    make(api, receiver, 40, start, "/rate", flow={"key": "rated", "rate": "20/s"})
    requests = receiver.wait_for(40, 30, path="/rate")
    times = [one.at_ns / 1e9 for one in requests]
    assert times[-1] - times[0] == pytest.approx(39 / 20, abs=0.25 * crowding())
    for first in range(len(times) - 20):
        # 20 in any second; the 21st may come early by what two sends differ in their delay.
        assert times[first + 20] - times[first] > 0.9
    assert len({one.webhook_id for one in requests}) == 40


def test_concurrency_is_exact_over_all_workers(api: Api, receiver: Receiver) -> None:
    receiver.reply("/few", Reply(200, delay=0.15))
    make(api, receiver, 24, time.time() + 1.0, "/few", flow={"key": "few", "concurrency": 3})
    requests = receiver.wait_for(24, 30, path="/few")
    assert most_at_once(requests, 0.15) == 3
    took = (requests[-1].at_ns - requests[0].at_ns) / 1e9
    assert took < 24 / 3 * 0.15 * 2 * crowding(), "places that become free are taken at once"


def test_strict_order_waits_for_the_end_of_the_one_before(api: Api, receiver: Receiver) -> None:
    """The second event fails twice; those after it wait until its retries are over."""
    seen: list[str] = []

    def answer(request: Received) -> Reply:
        name = request.json["name"]
        seen.append(name)
        return Reply(500 if name == "1" and request.json["attempt"] < 3 else 200)

    receiver.reply("/strict", answer)
    make(
        api,
        receiver,
        6,
        time.time() + 1.0,
        "/strict",
        order="strict",
        flow={"key": "in-order"},
        retry={"delays": ["300ms", "300ms", "300ms"]},
    )
    receiver.wait_for(8, 30, path="/strict")
    assert seen == ["0", "1", "1", "1", "2", "3", "4", "5"]


def test_a_paused_flow_waits_and_goes_on(api: Api, receiver: Receiver) -> None:
    api.client.flows.put("held", concurrency=2)
    api.client.flows.pause("held")
    make(api, receiver, 5, time.time() + 0.3, "/held", flow={"key": "held"})
    wait_until(lambda: api.client.flows.get("held").waiting == 5, "all wait for their flow")
    assert receiver.requests_to("/held") == []
    flow = api.client.flows.get("held")
    assert (flow.paused, flow.in_flight, flow.events) == (True, 0, 5)
    assert api.client.status().lag_ms < 1000 * crowding(), (
        "what waits for a paused flow is not late"
    )
    api.client.flows.resume("held")
    receiver.wait_for(5, 10, path="/held")
    wait_until(lambda: api.client.flows.get("held").in_flight == 0, "nothing is under way")


def test_a_killed_worker_gives_its_places_back(stack: Stack, api: Api, receiver: Receiver) -> None:
    receiver.reply("/dies", Reply.hang(), Reply(200))
    make(api, receiver, 3, time.time() + 0.3, "/dies", order="strict", flow={"key": "dies"})
    receiver.wait_for(1, 10, path="/dies")
    for worker in stack.workers:
        worker.kill()
    stack.up()
    requests = receiver.wait_for(4, 30, path="/dies")
    names = [one.json["name"] for one in requests]
    assert names == ["0", "0", "1", "2"]
    assert all(a.at_ns < b.at_ns for a, b in pairwise(requests))


def test_a_target_that_only_fails_is_left_alone_and_found_again(
    api: Api, receiver: Receiver, other_receiver: Receiver
) -> None:
    """Its breaker opens, what waits is deferred and said to be, and all arrives when it is well."""
    down = [True]
    receiver.reply("/down", lambda _: Reply(503 if down[0] else 200))
    retry = {"backoff": "fixed", "first": "1s", "attempts": 100}
    events = [
        api.create(receiver.url("/down"), start_time=at(time.time() + 0.5), retry=retry)
        for _ in range(12)
    ]
    wait_until(lambda: api.get("/breakers"), "the breaker opens", timeout=20)
    assert api.get("/breakers")[0]["target"] == receiver.url("").removesuffix("/")

    def deferred() -> list[dict[str, Any]]:
        found = [api.get(f"/events/{event['id']}/occurrences")[0] for event in events]
        return [one for one in found if one["deferral_count"]]

    wait_until(deferred, "attempts are deferred", timeout=20)
    held = deferred()[0]
    assert held["status"] == "retrying"
    assert "failed" in held["deferral_reason"]
    tried = len(receiver.requests_to("/down"))
    api.create(other_receiver.url("/well"))
    other_receiver.wait_for(1, 3, path="/well")
    assert len(receiver.requests_to("/down")) - tried < 12, "it is left alone meanwhile"
    down[0] = False
    for event in events:
        api.wait_for_status(event["id"], "completed")
    assert api.get("/breakers") == []


def test_a_strict_flow_goes_on_when_the_one_in_hand_is_overtaken(
    api: Api, receiver: Receiver
) -> None:
    """While it waits for its retry, one of an earlier time comes: the retry still goes first."""
    seen: list[str] = []

    def answer(request: Received) -> Reply:
        seen.append(request.json["name"])
        return Reply(500 if request.json["name"] == "holder" and len(seen) == 1 else 200)

    receiver.reply("/overtaken", answer)
    start = time.time() + 0.5
    given: dict[str, Any] = {"order": "strict", "flow": {"key": "overtaken"}}
    api.create(
        receiver.url("/overtaken"),
        name="holder",
        start_time=at(start),
        retry={"delays": ["2s"]},
        **given,
    )
    receiver.wait_for(1, 10, path="/overtaken")
    api.create(receiver.url("/overtaken"), name="earlier", start_time=at(start - 60), **given)
    receiver.wait_for(3, 20, path="/overtaken")
    assert seen == ["holder", "holder", "earlier"]
