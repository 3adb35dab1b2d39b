"""What a token has begun ends with it: retries in the background, and answers that go on.

Tests ``app.api.http.streams``, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from app.api.http import streams
from app.domain.times import to_rfc3339
from app.services.tokens import HAS_EXPIRED, WAS_REVOKED
from app.store.calls import Record
from app.store.connection import StoreClient
from tests.security.conftest import DAY_MS, NOW_MS, SECOND_MS, Process

COUNT = 30
ENDS = {
    "revoked": lambda process, _: process.client().delete(f"/tokens/{newest(process)}"),
    "all of its sub": lambda process, _: process.client().delete("/tokens?sub=operator"),
    "expired": lambda process, ends_ms: setattr(process.clock, "ms", ends_ms),
}


def newest(process: Process) -> str:
    (token,) = process.client().get("/tokens?limit=1").json
    return str(token["jti"])


def fail_some(process: Process, event: dict[str, Any]) -> None:
    """Occurrences that a receiver refused."""
    client = process.client()
    for number in range(COUNT):
        start = to_rfc3339(NOW_MS + number)
        client.post("/events", json={**event, "name": str(number), "start_time": start})
    process.clock.ms += SECOND_MS
    work = process.services.storage.work
    claimed = work.claim(0, b"w", 1, now_ms=process.clock.ms, limit=99, lease_ms=30_000)
    assert len(claimed) == COUNT
    work.record(
        [
            Record(one.occurrence_id, one.token, "failed", 500, b"", "no", None, b"[1]\n")
            for one in claimed
        ],
        process.clock.ms,
    )
    process.clock.ms += SECOND_MS


def work(process: Process, seconds: int) -> None:
    """What upkeep does in so much time."""
    for _ in range(4 * seconds):
        process.services.redeliveries.continue_waiting()
        process.clock.ms += SECOND_MS // 4


def retried(process: Process) -> int:
    answer = process.client().get("/occurrences?status=retrying&limit=100")
    return int(answer.json["pagination"]["total"])


@pytest.mark.parametrize("level", ["read_write", "admin"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_retry_in_the_background_ends_with_its_token(
    process: Process, event: dict[str, Any], level: str, end: Callable[..., Any]
) -> None:
    """What it had handed on goes on; of the others none is attempted."""
    fail_some(process, event)
    ends_ms = NOW_MS + DAY_MS
    token = process.mint(
        sub="operator", access=level, scope=["red"], expires_at=to_rfc3339(ends_ms)
    )
    body = {"filter": {"status": "failed"}, "rate": "2/s"}
    job = process.client(token).post("/occurrences/retry", json=body).json
    work(process, 3)
    before = retried(process)
    assert 0 < before < COUNT // 2
    end(process, ends_ms)
    work(process, 60)
    assert retried(process) == before
    (listed,) = process.client().get("/retries").json
    assert (listed["id"], listed["status"], listed["retried"]) == (job["id"], "stopped", before)
    assert listed["reason"] in (WAS_REVOKED, HAS_EXPIRED)


def test_whoever_reads_it_first_sees_that_it_has_ended(
    process: Process, event: dict[str, Any]
) -> None:
    """Also if no worker has looked at it yet."""
    fail_some(process, event)
    client = process.client(process.mint(sub="operator"))
    body = {"filter": {"status": "failed"}, "rate": "1/h"}
    job = client.post("/occurrences/retry", json=body).json
    process.client().delete("/tokens?sub=operator")
    answer = process.client().get(f"/retries/{job['id']}").json
    assert (answer["status"], answer["reason"]) == ("stopped", WAS_REVOKED)


def test_one_of_the_master_token_or_of_another_token_goes_on(
    process: Process, event: dict[str, Any]
) -> None:
    fail_some(process, event)
    body = {"filter": {"status": "failed"}, "rate": "1/s"}
    for client in (process.client(), process.client(process.mint(sub="another"))):
        job = client.post("/occurrences/retry", json=body).json
        process.mint(sub="operator")
        process.client().delete("/tokens?sub=operator")
        work(process, 2)
        assert client.get(f"/retries/{job['id']}").json["status"] == "running"
        client.post(f"/retries/{job['id']}/cancel")


def test_an_export_breaks_off_when_its_token_is_revoked(
    process: Process, admin, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection ends in the middle: nobody takes half of a log for all of it."""
    monkeypatch.setattr(streams, "LOOK_S", 0.0)
    pages = itertools.repeat("a line\n", 50)
    monkeypatch.setattr(type(process.services.audit), "export", lambda _self: pages)
    token = process.mint(sub="operator", access="admin")
    with process.app.test_client() as client:
        answer = client.get(
            "/audit/export", headers={"Authorization": f"Bearer {token}"}, buffered=False
        )
        assert answer.status_code == 200
        read = iter(answer.response)
        assert next(read) == b"a line\n"
        admin.delete("/tokens?sub=operator")
        with pytest.raises(ConnectionResetError):
            list(read)
    assert admin.get("/audit/export").text == "a line\n" * 48


@pytest.mark.parametrize("end", ["revoked", "all of its sub"])
def test_a_token_that_was_revoked_makes_no_event_whatever_it_asks_for(
    process: Process, event: dict[str, Any], end: str
) -> None:
    """It learns that and nothing else, also where the store is asked only while it is written."""
    user = process.client(process.mint(sub="operator"))
    assert user.post("/events", json=event).status_code == 201
    ENDS[end](process, 0)
    for wrong in ({}, {"name": 7}, {"tags": ["blue"]}, {"key": "a"}, {"schedule": {"every": "1h"}}):
        for headers in ({}, {"Idempotency-Key": "a"}):
            answer = user.post("/events", json={**event, **wrong}, headers=headers)
            assert (answer.status_code, "revoked" in answer.text) == (401, True)
            assert answer.headers["WWW-Authenticate"]
    assert len(process.client().get("/events").json) == 1
    assert not process.services.storage.client.hlen("qh:{audit}:intents")


def test_creating_an_event_takes_one_round_trip_and_the_use_of_the_token_is_still_noted(
    process: Process, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = process.client(process.mint(sub="operator"))
    user.post("/events", json=event)
    sent, direct = [], StoreClient.direct

    def count(client: StoreClient, *command: Any) -> Any:
        sent.append(command[0])
        return direct(client, *command)

    monkeypatch.setattr(StoreClient, "direct", count)
    monkeypatch.setattr(StoreClient, "execute_command", None)
    assert user.post("/events", json=event).status_code == 201
    assert sent == ["EVALSHA"]
    monkeypatch.undo()
    process.clock.ms += 60 * SECOND_MS
    user.post("/events", json=event)
    (token,) = process.client().get("/tokens").json
    assert token["last_used_at"] == to_rfc3339(process.clock.ms)
