"""CloudEvents, as another's library reads them."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat

from app.delivery.actions import build
from app.delivery.cloud_events import BINARY, FORMATS, STRUCTURED
from app.domain.action import APICALL, WEBHOOK, Action
from app.domain.callback import Callback
from app.domain.ids import occurrence_id, to_text
from app.domain.signing import signing_key
from app.errors import InvalidInput
from tests.support.deliveries import NOW_MS, SECRET, job, send
from tests.support.receiver import Received

URL = "https://example.com/hook"
HOSTILE = 'a"b\\c\r\nce-id: 1\u2028é'


def read(got: Received) -> BaseCloudEvent:
    """The event that arrived; reading checks that it is one."""
    return from_http(HTTPMessage(dict(got.headers), got.body), JSONFormat())


@pytest.fixture
def receive(sender, receiver):
    def one(params: dict[str, Any], **changes: Any) -> Received:
        action = Action(changes.pop("kind", WEBHOOK), {"url": receiver.url("/x"), **params})
        made = job("", action=action, **changes)
        outcome = send(sender, "", **{name: getattr(made, name) for name in made.__slots__})
        assert outcome.succeeded, outcome
        got = receiver.requests[-1]
        event = read(got)
        assert event.get_id() == to_text(made.occurrence_id)
        assert event.get_source() == f"urn:uuid:{to_text(made.event_id)}"
        assert event.get_specversion() == "1.0"
        assert event.get_type() == "qhronos.occurrence.due"
        assert event.get_time() == datetime(2024, 4, 23, 10, tzinfo=UTC)
        digest = hmac.new(signing_key(SECRET), got.body, "sha256").hexdigest()
        assert got.headers["x-qhronos-signature"] == digest
        return got

    return one


@pytest.mark.parametrize("mode", FORMATS)
def test_a_webhook_is_an_event_with_its_body_as_data(receive, mode):
    metadata = '{"n":1.10,"big":123456789012345678901234567890}'
    got = receive({}, format=mode, name=HOSTILE, metadata_json=metadata, attempt=3)
    event = read(got)
    assert event.get_datacontenttype() == "application/json"
    data = event.get_data()
    assert data["name"] == HOSTILE
    assert data["tags"] == ["daily"]
    assert "attempt" not in data
    assert metadata.encode() in got.body
    kind = "application/json" if mode == BINARY else "application/cloudevents+json; charset=utf-8"
    assert got.headers["content-type"] == kind


@pytest.mark.parametrize("mode", FORMATS)
@pytest.mark.parametrize(
    ("params", "headers", "kind", "data"),
    [
        ({"body_json": '{"a":"{{event.name}}"}'}, (), "application/json", {"a": "Report"}),
        ({"body": HOSTILE}, (), "text/plain; charset=utf-8", HOSTILE),
        ({"body": "<a/>"}, (("content-type", "text/xml"),), "text/xml", "<a/>"),
        ({"body": '{"a":1}'}, (("Content-Type", "a/b+json"),), "a/b+json", {"a": 1}),
        ({}, (), None, None),
    ],
)
def test_a_body_of_its_own_is_the_data(receive, mode, params, headers, kind, data):
    got = receive({"method": "PUT", **params}, kind=APICALL, format=mode, headers=headers)
    event = read(got)
    assert event.get_datacontenttype() == kind
    found = event.get_data()
    if isinstance(found, bytes):  # the library reads no JSON of a type that it does not know
        found = found.decode()
    if isinstance(found, str) and isinstance(data, dict):
        found = json.loads(found)
    assert (found or None) == data


@pytest.mark.parametrize("mode", FORMATS)
def test_every_attempt_is_the_same_event(mode):
    made = job(URL, format=mode)
    first = build(made, NOW_MS)
    made.attempt = 2
    second = build(made, NOW_MS + 60_000)
    assert first.body == second.body

    def attributes(request):
        return [line for line in request.headers if line.startswith("ce-")]

    assert attributes(first) == attributes(second)
    assert bool(attributes(first)) is (mode == BINARY)


@pytest.mark.parametrize(
    "body", ["{", "NaN", "[-Infinity]", "\ufeff{}", "[" * 30_000 + "]" * 30_000]
)
def test_a_body_that_is_no_json_is_not_put_into_json(body):
    """Not even one that Python takes for JSON, or can't read; the drain goes on."""
    action = Action(APICALL, {"method": "POST", "url": URL, "body": body})
    headers = (("Content-Type", "application/json"),)
    with pytest.raises(InvalidInput, match="no JSON"):
        build(job(URL, action=action, headers=headers, format=STRUCTURED), NOW_MS)
    made = build(job(URL, action=action, headers=headers, format=BINARY), NOW_MS)
    assert made.body == body.encode()


def test_a_number_of_any_length_is_json():
    body = "-" + "1" * 5_000
    action = Action(APICALL, {"method": "POST", "url": URL, "body": body})
    headers = (("Content-Type", "application/json"),)
    made = build(job(URL, action=action, headers=headers, format=STRUCTURED), NOW_MS)
    assert f'"data":{body}}}'.encode() in made.body


def test_the_type_has_its_values_put_in():
    action = Action(APICALL, {"method": "POST", "url": URL, "body": "x"})
    headers = (("Content-Type", "text/{{event.name}}"),)
    made = build(job(URL, action=action, headers=headers, format=STRUCTURED), NOW_MS)
    assert json.loads(made.body)["datacontenttype"] == "text/Report"


def test_a_callback_is_what_it_always_is():
    told = Callback(occurrence_id(b"e" * 16, NOW_MS), "completed", NOW_MS, NOW_MS, 1, 200, None)
    made = build(job(URL, callback=told, format=STRUCTURED), NOW_MS)
    assert json.loads(made.body)["type"] == "occurrence.completed"
