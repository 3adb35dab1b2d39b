"""A new kind of action is one file and one line: it is checked, stored, answered and delivered."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from app.delivery.actions import KINDS
from app.domain.targets import TargetPolicy
from app.domain.times import to_rfc3339
from app.factory import create_app
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine, build_engine
from tests.api.application import MASTER_TOKEN, settings_for, with_token
from tests.support import ping
from tests.support.receiver import Receiver, Reply
from tests.support.services import FakeDrains, FakeUpkeep

PATIENCE_MS = 10_000


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def engine(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setitem(KINDS, "ping", ping)
    settings = settings_for(store_url, allow_private_targets=TargetPolicy(allow_all=True))
    queues = Doubles(drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    made = build_engine(settings, queues)
    yield made
    made.close()


@pytest.fixture
def client(engine: Engine) -> FlaskClient:
    return with_token(create_app(engine.services), MASTER_TOKEN)


def an_event(action: object) -> dict[str, object]:
    start_ms = time.time_ns() // 1_000_000
    return {"name": "n", "start_time": to_rfc3339(start_ms), "action": action}


def drain_until(engine: Engine, done: threading.Event) -> None:
    drain = engine.drains.new_drain()
    try:
        drain.run(time.time_ns() // 1_000_000 + PATIENCE_MS, done)
    finally:
        drain.close(done)


class Arrived(threading.Event):
    """Set once a receiver has got a request."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__()
        self.receiver = receiver

    def is_set(self) -> bool:
        return bool(self.receiver.requests)


def test_a_new_kind_is_delivered(engine: Engine, client: FlaskClient, receiver: Receiver) -> None:
    action = {"type": "ping", "params": {"url": receiver.url("/ping"), "word": "hello"}}
    answer = client.post("/events", json=an_event(action))
    assert answer.status_code == 201, answer.text
    assert client.get(f"/events/{answer.json['id']}").json["action"] == action
    drain_until(engine, Arrived(receiver))
    (request,) = receiver.requests
    assert (request.path, request.body) == ("/ping", b"hello")


@pytest.mark.parametrize(
    ("params", "field"),
    [({"word": "x"}, "action.params"), ({"url": "ftp://x", "word": "x"}, "action.params.url")],
)
def test_its_parameters_are_checked_by_the_kind(
    client: FlaskClient, params: dict[str, str], field: str
) -> None:
    answer = client.post("/events", json=an_event({"type": "ping", "params": params}))
    assert answer.status_code == 400
    assert list(answer.json["fields"]) == [field]


def test_a_kind_that_a_worker_does_not_know_fails_and_stops_nobody(
    engine: Engine, client: FlaskClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event of a later version, met after a step back."""
    action = {"type": "ping", "params": {"url": receiver.url("/ping"), "word": "hello"}}
    unknown = client.post("/events", json=an_event(action)).json["id"]
    webhook = {"type": "webhook", "params": {"url": receiver.url("/known")}}
    client.post("/events", json=an_event(webhook))
    monkeypatch.delitem(KINDS, "ping")
    drain_until(engine, Arrived(receiver))
    assert [one.path for one in receiver.requests] == ["/known"]
    (occurrence,) = client.get(f"/events/{unknown}/occurrences").json
    assert occurrence["status"] == "failed"
    assert "does not know the type" in occurrence["error_message"]


def test_a_call_is_delivered_with_what_it_was_given(
    engine: Engine, client: FlaskClient, receiver: Receiver
) -> None:
    """Through the store and a drain: method, headers and body arrive, and it is completed."""
    params = {
        "method": "PATCH",
        "url": receiver.url("/call?x=1"),
        "headers": {"Authorization": "Bearer of-the-receiver", "Content-Type": "text/csv"},
        "body": "a,b\n1,2\n",
    }
    answer = client.post("/events", json=an_event({"type": "apicall", "params": params}))
    assert answer.status_code == 201, answer.text
    drain_until(engine, Arrived(receiver))
    (request,) = receiver.requests
    assert (request.method, request.path) == ("PATCH", "/call?x=1")
    assert request.body == params["body"].encode()
    assert request.headers["authorization"] == "Bearer of-the-receiver"
    assert request.headers["content-type"] == "text/csv"
    (occurrence,) = client.get(f"/events/{answer.json['id']}/occurrences").json
    assert occurrence["status"] == "completed"


@pytest.mark.parametrize(
    ("expect", "status"), [({"status": [410]}, "completed"), ({"body_contains": "x"}, "failed")]
)
def test_an_attempt_ends_as_its_event_expects(
    engine: Engine, client: FlaskClient, receiver: Receiver, expect: object, status: str
) -> None:
    """A 410 that is expected completes it and ends no event; any other ends both."""
    receiver.reply("/gone", Reply(410))
    body = {
        **an_event({"type": "webhook", "params": {"url": receiver.url("/gone")}}),
        "expect": expect,
        "schedule": {"every": "1h"},
    }
    event = client.post("/events", json=body).json["id"]
    client.post(f"/events/{event}/trigger")
    drain_until(engine, Arrived(receiver))
    occurrences = client.get(f"/events/{event}/occurrences").json
    (ended,) = [one for one in occurrences if one["status"] in ("completed", "failed")]
    assert (ended["status"], ended["status_code"]) == (status, 410)
    is_active = client.get(f"/events/{event}").json["status"] == "active"
    assert is_active is (status == "completed")
