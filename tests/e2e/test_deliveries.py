"""What a receiver gets, byte for byte, and how it can tell that it is genuine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app import __version__
from app.services.tag_secrets import LOOK_S
from tests.support.api_client import Api, at, seconds_of
from tests.support.receiver import Received, Receiver, Reply
from tests.support.stack import SIGNING_SECRET
from tests.support.wait import crowding

pytestmark = pytest.mark.e2e

WHSEC = "whsec_" + base64.b64encode(b"a key of an event, in its encoded form").decode()


def key_of(secret: str) -> bytes:
    """The key as the documentation tells a receiver to make it."""
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()


def assert_genuine(request: Received, secret: str) -> None:
    """Both signatures hold, checked by another's library and by hand."""
    key = key_of(secret)
    Webhook(base64.b64encode(key).decode()).verify(request.body, dict(request.headers))
    expected = hmac.new(key, request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-qhronos-signature"] == expected


def test_a_delivery_is_as_documented(api: Api, receiver: Receiver) -> None:
    """The body has exactly the documented members, the headers the documented values."""
    start = time.time() + 0.5
    event = api.create(
        receiver.url("/hook"),
        name="Bericht „täglich“ \U0001f4c8",
        description='with "quotes" and\nlines',
        start_time=at(start),
        metadata={"big": 2**53 + 1, "none": [], "deep": {"é": [None, True, 1.5]}},
        tags=["ä", "b"],
    )
    (request,) = receiver.wait_for(1, 30)
    occurrence = api.wait_for_status(event["id"], "completed")
    assert request.method == "POST"
    assert request.path == "/hook"
    assert request.json == {
        "event_id": event["id"],
        "occurrence_id": occurrence["id"],
        "name": "Bericht „täglich“ \U0001f4c8",
        "description": 'with "quotes" and\nlines',
        "scheduled_at": at(start),
        "attempt": 1,
        "metadata": {"big": 2**53 + 1, "none": [], "deep": {"é": [None, True, 1.5]}},
        "tags": ["ä", "b"],
    }
    headers = request.headers
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == f"Qhronos/{__version__}"
    assert headers["webhook-id"] == occurrence["id"]
    assert abs(int(headers["webhook-timestamp"]) - request.at_ns / 1e9) < 5
    assert_genuine(request, SIGNING_SECRET)
    assert api.event(event["id"])["status"] == "inactive"


def test_a_completed_occurrence_tells_how_it_went(api: Api, receiver: Receiver) -> None:
    """Status, attempts, the answer and the moments of a delivery are recorded."""
    receiver.reply("/", Reply(201, body=b"thanks, " + b"x" * 9_000))
    event = api.create(receiver.url("/"))
    occurrence = api.wait_for_status(event["id"], "completed")
    assert occurrence["occurrence_id"] == occurrence["id"]
    assert occurrence["event_id"] == event["id"]
    assert occurrence["scheduled_at"] == event["start_time"]
    assert occurrence["attempt_count"] == 1
    assert occurrence["status_code"] == 201
    assert occurrence["response_body"] == "thanks, " + "x" * (4096 - 8)
    assert occurrence["error_message"] is None
    assert occurrence["next_attempt_at"] is None
    moments = [occurrence[name] for name in ("scheduled_at", "started_at", "completed_at")]
    assert moments == sorted(moments)
    assert api.get(f"/occurrences/{occurrence['id']}") == occurrence


@pytest.mark.parametrize("secret", ["plain text, with ümlaut", WHSEC], ids=["text", "whsec"])
def test_the_secret_of_an_event_beats_the_general_one(
    api: Api, receiver: Receiver, secret: str
) -> None:
    """Both forms of a secret sign as documented, and the secret is never shown."""
    event = api.create(receiver.url("/"), hmac_secret=secret)
    (request,) = receiver.wait_for(1, 30)
    assert_genuine(request, secret)
    assert event["has_hmac_secret"] is True
    assert secret not in str(api.event(event["id"]))


def test_attempts_of_one_occurrence_share_their_id(api: Api, receiver: Receiver) -> None:
    """The id stays, the attempt counts up, the timestamp and both signatures are new."""
    receiver.reply("/", Reply(500, headers={"Retry-After": "1"}), Reply(200))
    api.create(receiver.url("/"))
    first, second = receiver.wait_for(2, 30)
    assert first.webhook_id == second.webhook_id
    assert [first.json["attempt"], second.json["attempt"]] == [1, 2]
    assert first.json | {"attempt": 2} == second.json
    stamps = [int(request.headers["webhook-timestamp"]) for request in (first, second)]
    assert stamps[0] < stamps[1]
    for request in (first, second):
        assert_genuine(request, SIGNING_SECRET)


def test_what_is_due_soon_comes_in_time(api: Api, receiver: Receiver) -> None:
    """An event created 300 ms ahead is delivered at its time, never before it."""
    event = api.create(receiver.url("/"), ahead=0.3)
    (request,) = receiver.wait_for(1, 30)
    late_s = request.at_ns / 1e9 - seconds_of(event["start_time"])
    assert 0 <= late_s < 2 * crowding()


def test_tenants_share_no_secret_if_their_tags_have_one(api: Api, receiver: Receiver) -> None:
    """What one tenant has sent is not genuine for another; a change of a secret has an overlap."""
    first, second = WHSEC, "a secret that the second tenant alone knows"
    api.client.signing_secrets.put("first", secret=first)
    api.client.signing_secrets.put("second", secret=second)
    time.sleep(2 * LOOK_S)  # nothing tells when every worker has looked
    for tag in ("first", "second", "none"):
        api.create(receiver.url(f"/{tag}"), tags=[tag])
    api.create(receiver.url("/own"), tags=["first"], hmac_secret="a secret of its own")
    receiver.wait_for(4, 30)
    came = {one.path: one for one in receiver.requests}
    assert_genuine(came["/first"], first)
    assert_genuine(came["/second"], second)
    assert_genuine(came["/none"], SIGNING_SECRET)
    assert_genuine(came["/own"], "a secret of its own")
    for path, other in (("/first", second), ("/second", first), ("/none", first)):
        with pytest.raises(WebhookVerificationError):
            Webhook(base64.b64encode(key_of(other)).decode()).verify(
                came[path].body, dict(came[path].headers)
            )
    # Receivers that know the service's secret only go on in the overlap.
    assert len(came["/first"].headers["webhook-signature"].split()) == 2
    for tag in ("first", "second"):
        api.client.signing_secrets.delete(tag)
