"""Clients and listeners that are connected to ``/ws``, by real processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.api_client import Api, at
from tests.support.ports import free_port
from tests.support.stack import GUNICORN, MASTER_TOKEN, Stack
from tests.support.wait import wait_until
from tests.support.websocket import LiveClient, Stream

pytestmark = pytest.mark.e2e

QUICK_RETRIES = {"attempts": 5, "delays": ["100ms"]}


def for_client(api: Api, name: str, **fields: object) -> dict[str, Any]:
    """Create an event that goes to a client now."""
    event = {"name": "live", "start_time": at(time.time()), "retry": QUICK_RETRIES}
    action = {"type": "websocket", "params": {"client_name": name}}
    return dict(api.client.events.create({**event, "action": action, **fields}).raw)


def token_of(api: Api, access: str, *scope: str) -> str:
    ends = at(time.time() + 600)
    return api.client.tokens.create(sub="live", access=access, scope=scope, expires_at=ends).token


class OtherWeb:
    """Another API process on the same store."""

    def __init__(self, stack: Stack) -> None:
        self.port = free_port()
        self.program = stack.program("web-2", *GUNICORN, PORT=str(self.port))
        self.program.start()
        wait_until(Api(self.port, MASTER_TOKEN).answers, "the other process answers")


@pytest.fixture
def other_web(stack: Stack) -> Iterator[OtherWeb]:
    other = OtherWeb(stack)
    yield other
    other.program.kill()


def test_what_a_client_acknowledges_is_completed(stack: Stack, api: Api) -> None:
    with LiveClient(stack.port).hook("one", MASTER_TOKEN) as client:
        event = for_client(api, "one", metadata={"a": [1]}, tags=["t"])
        message = client.hear()
        assert message["payload"]["metadata"] == {"a": [1]}
        assert (message["type"], message["tags"]) == ("event", ["t"])
        assert message["event_id"] == event["id"]
        assert api.only_occurrence(event["id"])["status"] == "dispatched"
        assert client.ack(message)["type"] == "ack"
        occurrence = api.only_occurrence(event["id"])
        assert (occurrence["id"], occurrence["status"]) == (message["occurrence_id"], "completed")
        assert client.ack(message)["type"] == "error"


def test_with_nobody_connected_it_is_tried_again(stack: Stack, api: Api) -> None:
    event = for_client(api, "late", retry={"attempts": 50, "delays": ["100ms"]})
    wait_until(lambda: api.only_occurrence(event["id"])["attempt_count"] >= 2, "it is retried")
    error = api.only_occurrence(event["id"])["error_message"]
    assert "no client is connected as late" in error
    with LiveClient(stack.port).hook("late", MASTER_TOKEN) as client:
        client.complete(client.hear())
    assert api.only_occurrence(event["id"])["status"] == "completed"


def test_no_word_in_time_is_a_failed_attempt(stack: Stack, api: Api) -> None:
    with LiveClient(stack.port).hook("mute", MASTER_TOKEN) as client:
        event = for_client(api, "mute", timeout="1s")
        first, second = client.hear(), client.hear()
        assert first["occurrence_id"] == second["occurrence_id"]
        assert (first["payload"]["attempt"], second["payload"]["attempt"]) == (1, 2)
        client.complete(second)
    assert api.only_occurrence(event["id"])["status"] == "completed"


def test_who_is_cut_off_is_sent_it_again(stack: Stack, api: Api) -> None:
    cut = LiveClient(stack.port).hook("cut", MASTER_TOKEN)
    event = for_client(api, "cut", timeout="5m")
    first = cut.hear()
    cut.cut()
    with LiveClient(stack.port).hook("cut", MASTER_TOKEN) as client:
        again = client.hear()
        assert again["occurrence_id"] == first["occurrence_id"]
        client.complete(again)
    assert api.only_occurrence(event["id"])["status"] == "completed"


def test_clients_of_one_name_take_turns_whatever_process_they_are_connected_to(
    stack: Stack, api: Api, other_web: OtherWeb
) -> None:
    with (
        LiveClient(stack.port).hook("turns", MASTER_TOKEN) as here,
        LiveClient(other_web.port).hook("turns", MASTER_TOKEN) as there,
    ):
        for _ in range(6):
            for_client(api, "turns")
        for client in (here, there):
            for _ in range(3):
                client.complete(client.hear())
        # A process that is killed has its clients no more.
        event = for_client(api, "turns", start_time=at(time.time() + 0.5), timeout="1s")
        other_web.program.kill()
        message = here.hear()
        while message["event_id"] != event["id"]:
            message = here.hear()
        here.complete(message)
    assert api.wait_for_status(event["id"], "completed")["attempt_count"] <= 2


def test_a_listener_hears_what_it_may_read_and_a_revoked_token_hears_nothing(
    stack: Stack, api: Api, other_web: OtherWeb
) -> None:
    token = token_of(api, "read", "mine")
    with LiveClient(other_web.port).listen(token, "mine", "others") as listener:
        for_client(api, "nobody", tags=["others"])
        event = for_client(api, "nobody", tags=["mine"])
        message = listener.hear()
        assert (message["event_id"], message["tags"]) == (event["id"], ["mine"])
        assert listener.ack(message)["type"] == "error"
        api.client.tokens.revoke_all("live")
        assert listener.hear()["type"] == "error"
        assert listener.close_code() == 1008


def test_a_client_is_sent_only_what_its_token_may_change(stack: Stack, api: Api) -> None:
    token = token_of(api, "read_write", "mine")
    with LiveClient(stack.port).hook("scoped", token) as client:
        for_client(api, "scoped", tags=["mine", "others"], retry={"attempts": 1})
        event = for_client(api, "scoped", tags=["mine"])
        message = client.hear()
        assert message["event_id"] == event["id"]
        client.complete(message)


def test_a_stream_tells_what_changes_and_goes_on_where_it_was(stack: Stack, api: Api) -> None:
    """By tags, by what the token may read, from the last event that was heard."""
    token = token_of(api, "read", "mine")
    with Stream(stack.port, token) as stream:
        assert stream.next()["type"] == "ready"
        for_client(api, "nobody", tags=["others"])
        event = api.create("q:nobody", tags=["mine"], retry={"attempts": 1})
        kinds = [stream.next(event["id"])["type"] for _ in range(3)]
        assert kinds == ["event.create", "event", "occurrence"]
        last = stream.last_id
    api.update(event["id"], name="another")
    with Stream(stack.port, token, last) as stream:
        assert [stream.next()["type"] for _ in range(2)] == ["ready", "event.update"]
        api.client.tokens.revoke_all("live")
        assert stream.next()["type"] == "end"
        assert stream.is_over()
    refused = api.call("GET", "/events/stream", more={"Last-Event-ID": "x"})
    assert refused.status == 400


def test_a_killed_process_loses_nothing_of_what_its_client_was_sent(api: Api, stack: Stack) -> None:
    client = LiveClient(stack.port).hook("killed", MASTER_TOKEN)
    many = {"attempts": 100, "delays": ["200ms"]}
    event = for_client(api, "killed", timeout="1s", retry=many)
    first = client.hear()
    assert stack.web is not None
    stack.web.kill()
    client.cut()
    stack.up()
    with LiveClient(stack.port).hook("killed", MASTER_TOKEN) as again:
        message = again.hear()
        assert message["occurrence_id"] == first["occurrence_id"]
        again.complete(message)
    assert api.only_occurrence(event["id"])["status"] == "completed"
