"""The id of a request reaches the delivery of what the request has asked for."""

from __future__ import annotations

from app.domain.outcome import Outcome, Timings
from app.domain.times import to_rfc3339
from app.engine.attempts import request_of
from app.wiring.drains import Drains

OK = Outcome(Timings(0, 0, 0), 200)
FAILED = Outcome(Timings(0, 0, 0), 410, error="status", error_message="HTTP 410")
MINUTE_MS = 60_000


def soon(clock) -> str:
    return to_rfc3339(clock.ms + MINUTE_MS)


def test_it_reaches_what_is_created_changed_triggered_and_redelivered(
    client, clock, an_event, attempt
):
    def given(name: str) -> dict[str, dict[str, str]]:
        return {"headers": {"X-Request-Id": name}}

    body = {**an_event, "start_time": soon(clock)}
    created = client.post("/events", json=body, **given("create-1")).json["id"]
    clock.advance(MINUTE_MS)
    (claim,) = attempt(FAILED)
    assert claim.origin == "create-1"
    one = client.get(f"/events/{created}/occurrences").json[0]["id"]

    assert client.post(f"/occurrences/{one}/retry", **given("again-1")).status_code == 202
    (claim,) = attempt(FAILED)
    assert claim.origin == "again-1"

    again = {"start_time": soon(clock), "status": "active"}
    assert client.patch(f"/events/{created}", json=again, **given("change-1")).status_code == 200
    clock.advance(MINUTE_MS)
    (claim,) = attempt(OK)
    assert claim.origin == "change-1"

    clock.advance(1)  # (At one moment an event occurs once.)
    answer = client.post(f"/events/{created}/trigger")
    (claim,) = attempt(OK)
    assert claim.origin == answer.headers["X-Request-Id"]


def test_what_a_job_redelivers_has_the_jobs_id(client, clock, an_event, attempt, services):
    body = {**an_event, "start_time": soon(clock)}
    event = client.post("/events", json=body).json["id"]
    clock.advance(MINUTE_MS)
    attempt(FAILED)
    clock.advance(1)
    job = client.post("/occurrences/retry", json={"filter": {"event_id": event}}).json["id"]
    services.redeliveries.work(job)
    clock.advance(1_000)
    (claim,) = attempt(OK)
    assert claim.origin == job


def test_a_receiver_is_told_the_callers_id(client, clock, an_event, services, attempt):
    body = {**an_event, "start_time": soon(clock)}
    client.post("/events", json=body, headers={"X-Request-Id": "mine"})
    client.post("/events", json=body)
    clock.advance(MINUTE_MS)
    options = Drains(services, None)._options()  # type: ignore[arg-type] # it does not run
    sent = [request_of(claim, options, clock.ms).headers for claim in attempt(OK)]
    told = [[line for line in lines if line.startswith("X-Request-Id")] for lines in sent]
    assert sorted(told) == [[], ["X-Request-Id: mine"]]
