"""What receivers are sent is as the document says."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from app.delivery.actions import build
from app.domain.callback import Callback
from tests.support.deliveries import job
from tests.support.openapi import undocumented

ENDED = Callback(b"\x01" * 16, "failed", 1_900_000_000_000, 1_900_000_001_000, 3, None, "late")


@pytest.mark.parametrize(("name", "callback"), [("delivery", None), ("callback", ENDED)])
def test_bodies_and_headers_are_as_described(document, name, callback):
    """Every member and every header, no more and no fewer."""
    sent = build(
        job("https://example.com/", callback=callback, ack_token="a" * 8), 1_900_000_000_000
    )
    described = document["webhooks"][name]["post"]
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    body = json.loads(sent.body)
    whole = {**schema, "components": document["components"]}
    jsonschema_rs.Draft202012Validator(whole).validate(body)
    assert not list(undocumented(body, schema, document))
    headers = {line.partition(":")[0].lower() for line in sent.headers}
    told = {one["name"].lower() for one in described["parameters"]}
    assert told - headers == {"x-qhronos-instance"}  # that is the drain's to say
    assert headers - told <= {"qhronos-ack-token", "content-type", "user-agent"}


def test_receivers_are_told_what_their_answers_do(document):
    for item in document["webhooks"].values():
        assert item["post"]["responses"].keys() == {"2XX", "410", "429", "default"}
        assert item["post"]["security"] == []
