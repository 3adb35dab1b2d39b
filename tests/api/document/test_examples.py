"""Examples are what they are examples of, and they work."""

from __future__ import annotations

import itertools
from typing import Any

import jsonschema_rs
import pytest

from app.api.document.examples import BODIES
from app.api.document.nodes import nodes, operations, succeeds


def contents(document):
    """Every body and answer of an operation, and where it stands."""
    for _, _, operation in operations(document):
        name = operation["operationId"]
        answers = {
            status: response
            for status, response in operation["responses"].items()
            if succeeds(status)
        }
        holders = {"body": operation.get("requestBody", {}), **answers}
        for where, holder in holders.items():
            for kind, content in holder.get("content", {}).items():
                yield f"{name} {where} {kind}", content
    for name, item in document["webhooks"].items():
        yield name, item["post"]["requestBody"]["content"]["application/json"]


def test_every_body_and_answer_has_an_example_that_is_valid(document):
    for where, content in contents(document):
        schema = {**content["schema"], "components": document["components"]}
        assert "example" in content, where
        jsonschema_rs.Draft202012Validator(schema).validate(content["example"])


def test_every_parameter_has_an_example_that_is_valid(document):
    items = [*document["paths"].values()]
    shared = itertools.chain.from_iterable(item.get("parameters", []) for item in items)
    own = (one for _, _, found in operations(document) for one in found.get("parameters", []))
    for parameter in itertools.chain(shared, own, document["components"]["parameters"].values()):
        if "$ref" in parameter:
            continue
        told = parameter.get("example", parameter["schema"].get("examples", [None])[0])
        assert told is not None, parameter["name"]
        assert jsonschema_rs.is_valid(parameter["schema"], told), parameter["name"]


def test_examples_of_schemas_are_valid(document):
    for node in nodes(document["components"]["schemas"]):
        for told in node.get("examples", []) if isinstance(node.get("examples"), list) else ():
            schema = {**node, "components": document["components"]}
            assert jsonschema_rs.is_valid(schema, told), node


@pytest.fixture
def names(client, an_event) -> dict[str, str]:
    """One of each, by the name of the parameter in paths."""
    event = client.post("/events", json={**an_event, "schedule": {"frequency": "daily"}}).json
    client.put("/calendars/days", json={"dates": ["2031-12-24"]})
    client.put("/flows/acme", json={"rate": "10/s"})
    failed = client.post(f"/events/{event['id']}/trigger").json
    alert = client.post("/alerts", json=BODIES["create_alert"]).json
    return {"event_id": event["id"], "alert_id": alert["id"], "name": "days", "key": "acme", "tag": "red",
            "occurrence_id": failed["id"]}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_every_body_that_is_written_down_is_taken(client, names, document, name):
    """Sent to its operation, on an event that there is. (What needs a delivery is elsewhere.)"""
    method, path = next(
        (method, path)
        for method, path, operation in operations(document)
        if operation["operationId"] == name
    )
    answer: Any = client.open(
        path.format(**names), method=method.upper(), json=BODIES[name],
        query_string={"tags": "billing"} if name == "rotate_secrets" else None,
    )  # fmt: skip
    allowed = (
        {401, 409} if name in ("ack_occurrence", "nack_occurrence", "retry_occurrence") else set()
    )
    assert answer.status_code < 300 or answer.status_code in allowed, answer.text
