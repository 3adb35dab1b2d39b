"""The bytes of a delivery: what ``app.delivery.actions.webhook`` builds.

Tests ``app.delivery.occurrence_body`` and ``app.delivery.signed_headers``, too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import __version__
from app.delivery.actions import build
from app.delivery.request import Identity
from app.domain.callback import Callback
from app.domain.ids import occurrence_id, to_text
from app.domain.signing import signing_key
from app.domain.signing_keys import SigningKey
from app.errors import InvalidInput
from tests.support.deliveries import NOW_MS, SECRET, job

URL = "https://example.com/hook"


def header_map(made):
    return dict(line.split(": ", 1) for line in made.headers)


def test_the_body_has_exactly_these_keys_in_this_order():
    made = job(URL, description="Zoë's", attempt=3, tags=("a", "b"))
    body = build(made, NOW_MS).body
    assert list(json.loads(body).items()) == [
        ("event_id", to_text(made.event_id)),
        ("occurrence_id", to_text(made.occurrence_id)),
        ("name", "Report"),
        ("description", "Zoë's"),
        ("scheduled_at", "2024-04-23T10:00:00Z"),
        ("attempt", 3),
        ("metadata", {"a": 1}),
        ("tags", ["a", "b"]),
    ]


@pytest.mark.parametrize(("code", "error"), [(500, 'it said "no"'), (None, None)])
def test_the_body_of_a_callback_tells_of_the_other_occurrence(code, error):
    other = occurrence_id(b"e" * 16, NOW_MS)
    status = "completed" if error is None else "failed"
    told = Callback(other, status, NOW_MS - 9_000, NOW_MS - 1, 3, code, error)
    made = job(URL, callback=told, attempt=2)
    request = build(made, NOW_MS)
    assert list(json.loads(request.body).items()) == [
        ("type", f"occurrence.{status}"),
        ("event_id", to_text(made.event_id)),
        ("occurrence_id", to_text(other)),
        ("name", "Report"),
        ("scheduled_at", "2024-04-23T09:59:51Z"),
        ("completed_at", "2024-04-23T09:59:59.999Z"),
        ("status", status),
        ("attempt_count", 3),
        ("status_code", code),
        ("error_message", error),
        ("metadata", {"a": 1}),
        ("tags", ["daily"]),
        ("attempt", 2),
    ]
    assert header_map(request)["webhook-id"] == to_text(made.occurrence_id)


@pytest.mark.parametrize("metadata", ["{}", '{"n":9007199254740993,"f":1.10,"e":[],"ü":"é"}'])
def test_metadata_is_sent_byte_for_byte(metadata):
    body = build(job(URL, metadata_json=metadata), NOW_MS).body
    assert b'"metadata":' + metadata.encode() + b',"tags"' in body


@given(name=st.text(), description=st.text(), tags=st.lists(st.text()).map(tuple))
def test_any_text_survives_the_journey_as_json(name, description, tags):
    body = json.loads(build(job(URL, name=name, description=description, tags=tags), NOW_MS).body)
    assert (body["name"], body["description"], tuple(body["tags"])) == (name, description, tags)


def test_milliseconds_of_the_scheduled_time_are_kept():
    body = json.loads(build(job(URL, scheduled_ms=NOW_MS + 7), NOW_MS).body)
    assert body["scheduled_at"] == "2024-04-23T10:00:00.007Z"


def test_the_headers_name_type_sender_and_attempt():
    made = job(URL)
    headers = header_map(build(made, NOW_MS + 1_999))
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == f"Qhronos/{__version__}"
    assert headers["webhook-id"] == to_text(made.occurrence_id)
    assert headers["webhook-timestamp"] == str(NOW_MS // 1000 + 1)


@pytest.mark.parametrize("secret", [SECRET, "not so secret"])
def test_both_signatures_are_over_the_exact_body_with_one_key(secret):
    made = build(job(URL, secrets=(secret,), name="Zoë"), NOW_MS)
    headers, key = header_map(made), signing_key(secret)
    expected = hmac.new(key, made.body, hashlib.sha256).hexdigest()
    assert headers["X-Qhronos-Signature"] == expected
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + made.body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_during_a_rotation_both_secrets_sign_and_the_new_one_comes_first():
    """Receivers of Standard Webhooks try every signature; the reference form has one place."""
    both_ways = ("the new one", SECRET)
    made = job(URL, secrets=both_ways)
    alone = [header_map(build(replace(made, secrets=(one,)), NOW_MS)) for one in both_ways]
    headers = header_map(build(made, NOW_MS))
    both = [one["webhook-signature"] for one in alone]
    assert headers["webhook-signature"] == " ".join(both)
    assert headers["X-Qhronos-Signature"] == alone[0]["X-Qhronos-Signature"]


def test_every_attempt_of_an_occurrence_has_the_same_webhook_id_and_a_new_timestamp():
    made = job(URL)
    first, later = header_map(build(made, NOW_MS)), header_map(build(made, NOW_MS + 60_000))
    assert first["webhook-id"] == later["webhook-id"]
    assert first["webhook-timestamp"] != later["webhook-timestamp"]


def test_keys_sign_beside_the_secrets():
    """All that the setting names, over the same bytes; the first header has the others."""
    keys = [SigningKey("whsk_" + base64.b64encode(bytes([n]) * 32).decode()) for n in (1, 2)]
    one = job(URL)
    plain, signed = build(one, NOW_MS), build(one, NOW_MS, Identity("", keys))
    expected = [
        key.signature(to_text(one.occurrence_id), NOW_MS // 1000, plain.body) for key in keys
    ]
    before = header_map(plain)["webhook-signature"]
    assert header_map(signed)["webhook-signature"].split() == [before, *expected]
    assert signed.body == plain.body


def test_headers_of_the_events_own_stand_apart():
    made = build(job(URL, headers=(("X-Team", "blue"), ("X-Empty", ""))), NOW_MS)
    assert made.own == ["X-Team: blue", "X-Empty;"]
    assert "X-Team" not in repr(job(URL, headers=(("X-Team", "blue"),)))


def test_a_secret_that_is_no_key_is_refused():
    with pytest.raises(InvalidInput, match="base64"):
        build(job(URL, secrets=("whsec_*",)), NOW_MS)


def test_an_attempt_carries_what_acknowledges_it():
    made = job(URL, ack_token="2.0123")
    assert header_map(build(made, NOW_MS))["Qhronos-Ack-Token"] == "2.0123"


def test_a_job_does_not_show_its_secrets():
    shown = repr(job(URL, ack_token="2.0123"))
    assert SECRET not in shown
    assert "2.0123" not in shown


def test_a_stored_header_that_forges_one_of_ours_is_not_sent():
    """An earlier version took it; its event keeps it until it is changed."""
    given = (("Webhook_Id", "forged"), ("X-Team", "blue"), ("X-Empty", ""))
    assert build(job(URL, headers=given), NOW_MS).own == ["X-Team: blue", "X-Empty;"]
