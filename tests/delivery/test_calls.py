"""API calls, and webhooks with a method and a body of their own.

Tests ``app.delivery.actions.apicall``, too.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest

from app.delivery.actions import build
from app.delivery.sender import CurlSender
from app.domain.action import APICALL, WEBHOOK, Action, JsonText
from app.domain.expectation import parse_expect
from app.domain.signing import signing_key
from tests.support.deliveries import NOW_MS, SECRET, job, request, send
from tests.support.receiver import Received, Receiver, Reply

URL = "https://example.com/call"


def call_of(url: str = URL, kind: str = APICALL, **params: Any) -> Action:
    return Action(kind, {"method": "POST", "url": url, **params})


def receive(sender: CurlSender, receiver: Receiver, action: Action, **changes: Any) -> Received:
    """What arrives of an attempt."""
    before = len(receiver.requests)
    outcome = send(sender, "", action=action, **changes)
    assert outcome.succeeded, outcome
    return receiver.requests[before]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_arrives_without_a_body_or_a_type(sender, receiver, method):
    """Only a method that has one by nature tells of its empty body (RFC 9110, section 8.6)."""
    got = receive(sender, receiver, call_of(receiver.url("/x"), method=method))
    assert (got.method, got.path, got.body) == (method, "/x", b"")
    assert "content-type" not in got.headers
    told = "0" if method in ("POST", "PUT", "PATCH") else None
    assert got.headers.get("content-length") == told


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_json_is_sent_as_it_is_and_a_text_as_text(sender, receiver, method):
    text = '{"n":1.10,"big":123456789012345678901234567890}'
    action = call_of(receiver.url("/x"), method=method, body_json=text)
    got = receive(sender, receiver, action)
    assert (got.method, got.body) == (method, text.encode())
    assert got.headers["content-type"] == "application/json"
    got = receive(sender, receiver, call_of(receiver.url("/x"), method=method, body="é=1"))
    assert (got.method, got.body) == (method, "é=1".encode())
    assert got.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_handle_is_used_for_one_method_after_another(sender, receiver):
    """Each is as if it were the first, whatever the one before was."""
    url = receiver.url("/x")
    order = ["HEAD", "POST", "GET", "HEAD", "HEAD", "PUT", "DELETE", "POST", "HEAD", "GET"]
    for method in order:
        assert receive(sender, receiver, call_of(url, method=method)).method == method
        body = None if method == "HEAD" else b'{"a":1}'
        if body:
            got = receive(sender, receiver, call_of(url, method=method, body_json=body.decode()))
            assert (got.method, got.body) == (method, body)
    assert send(sender, url).succeeded
    assert receiver.requests[-1].method == "POST"
    assert receiver.requests[-1].headers["content-type"] == "application/json"


def test_its_headers_are_sent_and_its_type_replaces_ours(sender, receiver):
    headers = (("Authorization", "Bearer x"), ("content-type", "text/xml"), ("X-Empty", ""))
    got = receive(sender, receiver, call_of(receiver.url("/x"), body="<a/>"), headers=headers)
    assert got.headers["authorization"] == "Bearer x"
    assert got.headers["content-type"] == "text/xml"
    assert got.headers["x-empty"] == ""


@pytest.mark.parametrize("params", [{}, {"body": "é"}, {"body_json": '{"a":1}'}])
def test_it_is_signed_over_the_exact_body(params):
    made = build(job(URL, action=call_of(**params)), NOW_MS)
    lines = dict(line.split(": ", 1) for line in made.headers)
    expected = hmac.new(signing_key(SECRET), made.body, "sha256").hexdigest()
    assert lines["X-Qhronos-Signature"] == expected
    assert lines["webhook-signature"].startswith("v1,")
    assert lines["User-Agent"].startswith("Qhronos/")


def test_a_webhook_with_another_method_has_the_standard_body():
    made = build(job(URL, action=call_of(kind=WEBHOOK, method="PUT")), NOW_MS)
    assert made.method == "PUT"
    assert json.loads(made.body)["name"] == "Report"
    assert "Content-Type: application/json" in made.own


def test_a_webhook_with_a_body_sends_that_one():
    made = build(job(URL, action=Action(WEBHOOK, {"url": URL, "body": "hello"})), NOW_MS)
    assert (made.method, made.body) == ("POST", b"hello")


def test_one_attempt_is_one_request_also_without_a_body(sender, receiver):
    """libcurl would send a request that has nothing to rewind again, on another connection."""
    url = receiver.url("/once")
    assert send(sender, "", action=call_of(url, method="GET")).succeeded
    receiver.reply("/once", Reply.close())
    assert send(sender, "", action=call_of(url, method="GET")).error == "closed"
    assert len(receiver.requests) == 2


def test_json_text_is_told_from_text():
    """A user can't write the one for the other."""
    assert isinstance(JsonText("{}"), str)
    assert not isinstance("{}", JsonText)


def test_a_plain_webhook_is_built_as_before():
    made = request(URL)
    assert (made.method, made.own) == ("POST", ())
    assert made.headers[0] == "Content-Type: application/json"


def test_an_answer_is_judged_by_what_its_event_expects(sender, receiver):
    """One handle judges each request by its own; what is kept of an answer stays the same."""
    url, text = receiver.url("/x"), b"x" * 30_000 + b"done"
    expect = parse_expect({"status": [404], "body_contains": "done"})
    for reply, wanted, error in [
        (Reply(404, body=text), expect, None),
        (Reply(404, body=text[:-1]), expect, "body"),
        (Reply(200, body=text), expect, "status"),
        (Reply(200, body=text), None, None),
        (Reply(404, body=text), None, "status"),
        (Reply(404, body=b"x" * 70_000 + b"done"), expect, "body"),
        (Reply(404, body=b"done" + b"x" * 70_000), expect, None),
    ]:
        receiver.reply("/x", reply)
        outcome = send(sender, url, expect=wanted)
        assert (outcome.error, outcome.status_code) == (error, reply.status)
        assert outcome.response_body == reply.body[:4_096]
