"""Alerts of real processes: a chat hears of what fails, and the call that makes one is enough."""

from __future__ import annotations

import pytest

from tests.support.api_client import Api
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.e2e


def test_a_chat_hears_that_an_event_has_begun_to_fail(
    api: Api, receiver: Receiver, other_receiver: Receiver
) -> None:
    alert = {
        "name": "on call",
        "type": "slack",
        "on": ["failing"],
        "tags": ["alerted"],
        "url": other_receiver.url("/slack"),
    }
    made = api.call("POST", "/alerts", alert).json
    where = f"/alerts/{made['id']}"
    try:
        assert api.call("POST", f"{where}/test").json == {"arrived": True, "error": None}
        assert api.call("PUT", where, {"per_hour": 60}).json["per_hour"] == 60
        other_receiver.clear()
        receiver.reply("/down", Reply(500))
        delays = {"attempts": 2, "delays": ["1h"]}
        api.create(receiver.url("/down"), name="payroll", retry=delays, tags=["alerted"])
        api.create(receiver.url("/down"), name="another", retry=delays, tags=["elsewhere"])
        (told,) = other_receiver.wait_for(1, path="/slack")
        assert "1 event has begun to fail." in told.json["text"]
        assert "payroll: the receiver answered 500" in told.json["text"]
        assert "another" not in told.json["text"]
    finally:
        assert api.call("DELETE", where).status == 204
