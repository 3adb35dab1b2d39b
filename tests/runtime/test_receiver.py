"""The receiver of inbox and demo: takes webhooks, checks signatures by the published rules."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from app.runtime.inbox import describe
from app.runtime.receiver import Arrival, Receiver, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"event_id": "e1", "name": "caf\xc3\xa9"}'


def signed(body: bytes = BODY, secret: str = SECRET) -> Arrival:
    """A webhook signed by the library of the people who wrote the rules."""
    webhook, moment = Webhook(secret), datetime(2026, 1, 2, tzinfo=UTC)
    headers = {
        "webhook-id": "occurrence",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": webhook.sign("occurrence", moment, body.decode()),
        "x-qhronos-signature": hmac.new(webhook._whsecret, body, hashlib.sha256).hexdigest(),
    }
    return Arrival("/hook", headers, body)


class TestVerify:
    def test_good_signatures_hold(self) -> None:
        assert set(verify(signed(), SECRET).values()) == {True}

    def test_one_of_several_signatures_is_enough(self) -> None:
        arrival = signed()
        both = f"v1,bm9uZQ== {arrival.headers['webhook-signature']}"
        turned = replace(arrival, headers={**arrival.headers, "webhook-signature": both})
        assert verify(turned, SECRET)["webhook-signature"]

    def test_a_secret_without_prefix_is_used_as_it_is(self) -> None:
        digest = hmac.new("näive".encode(), BODY, hashlib.sha256).hexdigest()
        arrival = Arrival("/", {"x-qhronos-signature": digest}, BODY)
        assert verify(arrival, "näive")["X-Qhronos-Signature"]

    @pytest.mark.parametrize(
        "arrival",
        [
            replace(signed(), body=BODY + b" "),
            replace(signed(), headers={}),
            replace(signed(), headers=dict.fromkeys(signed().headers, "ünsinn")),
        ],
    )
    def test_a_changed_or_unsigned_webhook_does_not_hold(self, arrival: Arrival) -> None:
        assert set(verify(arrival, SECRET).values()) == {False}

    def test_a_changed_identity_breaks_the_standard_signature(self) -> None:
        turned = replace(signed(), headers={**signed().headers, "webhook-id": "other"})
        assert verify(turned, SECRET) == {"webhook-signature": False, "X-Qhronos-Signature": True}


class TestDescribe:
    def test_it_shows_the_path_the_verdict_and_the_body(self) -> None:
        first, *rest = describe(signed(), SECRET).splitlines()
        assert first == ("a webhook arrived at /hook: webhook-signature ok, X-Qhronos-Signature ok")
        assert rest == ["{", '  "event_id": "e1",', '  "name": "caf\\u00e9"', "}"]

    def test_a_wrong_signature_is_loud(self) -> None:
        assert "webhook-signature WRONG" in describe(replace(signed(), body=b"x"), SECRET)

    def test_a_stranger_cant_write_to_the_terminal(self) -> None:
        odd = Arrival("/\x1b[2J", {}, b"\x1b[2J\xff")
        assert all(line.isprintable() for line in describe(odd, SECRET).splitlines())


class TestReceiver:
    @pytest.fixture
    def arrivals(self) -> Iterator[tuple[Receiver, queue.Queue[Arrival]]]:
        taken: queue.Queue[Arrival] = queue.Queue()
        with Receiver(0, taken.put) as receiver:
            thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield receiver, taken
            receiver.shutdown()
            thread.join()

    def post(self, receiver: Receiver, body: bytes, **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", receiver.server_port, timeout=5)
        try:
            connection.request("POST", "/hook?a=b", body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def test_it_answers_204_and_hands_on_what_came(self, arrivals) -> None:
        receiver, taken = arrivals
        assert receiver.url == f"http://127.0.0.1:{receiver.server_port}/"
        assert self.post(receiver, BODY, **{"X-Mixed-Case": "kept"}) == 204
        arrival = taken.get(timeout=5)
        assert (arrival.path, arrival.body) == ("/hook?a=b", BODY)
        assert arrival.headers["x-mixed-case"] == "kept"

    def test_a_body_beyond_reason_is_refused(self, arrivals) -> None:
        receiver, taken = arrivals
        assert self.post(receiver, b"", **{"Content-Length": "2000000"}) == 413
        assert taken.empty()
