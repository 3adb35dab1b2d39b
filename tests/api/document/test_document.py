"""Rules that hold for the whole document, whoever adds to it: clients are made of it.

``make clients`` makes them, in four languages. What breaks them is refused here, in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.api.document.nodes import nodes, operations, referred, succeeds
from app.api.document.shapes import REQUESTS

TAKEN = {
    *("Array", "Boolean", "Date", "Error", "Function", "Map", "Number", "Object", "Promise"),
    *("Range", "Record", "Set", "String", "Symbol", "Type", "Model", "Response", "Request"),
    *("None", "True", "False", "Import", "Class", "Default", "Package", "Func", "Interface"),
}
"""Names that languages have for something of their own: generators invent others instead."""


@pytest.fixture(scope="module")
def schemas(document):
    return document["components"]["schemas"]


def members(schemas) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in schemas.items():
        for member, described in schema.get("properties", {}).items():
            yield f"{name}.{member}", described


def test_every_operation_can_be_a_method(document):
    """A name of words with underscores, of its own, that begins with a verb's small letter."""
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name), name


def test_every_operation_answers_one_thing(document):
    """Clients have one type for what a call returns, and take the first."""
    for method, path, operation in operations(document):
        kinds = [
            response["content"]["application/json"]["schema"]
            for status, response in operation["responses"].items()
            if succeeds(status) and "application/json" in response.get("content", {})
        ]
        assert all(kind == kinds[0] for kind in kinds), (method, path)
        assert not kinds or not {"anyOf", "oneOf"} & kinds[0].keys(), (method, path)


def test_every_operation_says_what_all_may_be_refused(document):
    """Bad input, too many requests, a store that is away: with when to ask again."""
    for method, path, operation in operations(document):
        expected = {"400", "503", "default"} | ({"429"} if path != "/health" else set())
        assert operation["responses"].keys() >= expected, (method, path)
    for name in ("TOO_MANY_REQUESTS", "SERVICE_UNAVAILABLE"):
        assert "Retry-After" in document["components"]["responses"][name]["headers"]


def test_nothing_in_a_body_has_a_default(schemas):
    """A client would fill it in, and so change what nobody meant to change."""
    assert not [where for where, one in members(schemas) if "default" in one]


def test_no_marks_of_ours_are_left(document):
    assert not re.search(r'"x-(sometimes|null|named)"', str(document).replace("'", '"'))
    kept = [node for node in nodes(document) if {"readOnly", "writeOnly"} & node.keys()]
    assert not kept


def test_requests_and_answers_share_no_schema_with_other_members(document, schemas):
    """What is asked for under another name is there."""
    for answer, request in REQUESTS.items():
        assert schemas.keys() >= {answer, request}
        assert schemas[answer]["properties"] != schemas[request]["properties"]
    bodies = [operation.get("requestBody") for _, _, operation in operations(document)]
    assert not referred(bodies, schemas) & REQUESTS.keys()


def test_names_of_schemas_are_free_in_every_language(schemas):
    """One that begins with New is a function that makes another one, in Go."""
    for name in schemas:
        assert re.fullmatch(r"[A-Z][A-Za-z]+", name), name
        assert not name.startswith("New"), name
        assert name not in TAKEN, name


def test_objects_have_names(schemas):
    """Those within others, too: ``NAMED`` in ``app.api.schemas.base`` gives them one."""
    for name, schema in schemas.items():
        inner = [node for node in nodes(schema) if "properties" in node and node is not schema]
        assert not [node for node in inner if isinstance(node.get("type"), str | list)], name


def test_every_schema_is_described(schemas):
    """A sentence, and a type or a form for every member."""
    for name, schema in schemas.items():
        assert schema["description"].endswith("."), name
    forms = {"type", "$ref", "enum", "anyOf", "description"}
    for where, described in members(schemas):
        assert forms & described.keys(), where
        if described.get("type") == "object":
            assert "additionalProperties" in described, where
        if described.get("type") == "array":
            assert "items" in described, where


def test_no_description_names_what_only_the_code_knows(document):
    """No module, no class, no mark of a docstring."""
    inner = re.compile(r"``|\bapp\.|\w+Schema\b|marshmallow|documentation only")
    for node in nodes(document):
        for name in ("description", "summary"):
            assert not inner.search(str(node.get(name, ""))), node[name]


def test_no_text_ends_a_comment(document):
    """Clients have descriptions in comments."""
    for node in nodes(document):
        assert "*/" not in str(node.get("description", "")) + str(node.get("summary", ""))


def test_members_of_answers_are_required(schemas):
    """But for those that are not always there."""
    given = set(schemas["Event"]["properties"]) - set(schemas["Event"]["required"])
    assert given == {
        "dst", "calendars", "on_excluded", "jitter", "misfire", "headers", "flow", "order",
        "overlap", "ack_timeout", "on_success", "on_failure", "retry", "timeout", "expect", "format",
        "pause", "notices", "key",
    }  # fmt: skip
    assert schemas["EventCreate"]["required"] == ["name"]
    assert "required" not in schemas["EventUpdate"]
    occurrence = schemas["Occurrence"]
    assert set(occurrence["required"]) == set(occurrence["properties"])


def test_what_is_unknown_is_refused_in_requests_alone(document, schemas):
    """Answers may have more members in a later version."""
    assert schemas["EventCreate"]["additionalProperties"] is False
    answers = [operation["responses"] for _, _, operation in operations(document)]
    bodies = [operation.get("requestBody") for _, _, operation in operations(document)]
    for name in referred(answers, schemas) - referred(bodies, schemas):
        if "Params" not in name:
            assert schemas[name].get("additionalProperties") is not False, name


def test_metadata_is_free(schemas):
    for name in ("Event", "EventCreate", "EventUpdate", "Delivery"):
        assert schemas[name]["properties"]["metadata"]["additionalProperties"] is True


def test_durations_and_rates_have_patterns(schemas):
    """As the service reads them."""
    patterns = {
        where: re.compile(one["pattern"]) for where, one in members(schemas) if "pattern" in one
    }
    for where in ("EventCreate.timeout", "EventCreate.delay", "EventCreate.jitter"):
        for good in ("5s", "1h30m", "500ms", "90"):
            assert patterns[where].search(good)
        for bad in ("5", "5 minutes", "", "-5s", "5.5s")[1:]:
            assert not patterns[where].search(bad)
    assert patterns["FlowLimits.rate"].search("10/s")
    assert not patterns["FlowLimits.rate"].search("10 per second")


def test_the_server_is_where_it_was_asked_for(documented):
    client = documented.test_client()
    for path in ("/openapi.json", "/openapi-3.0.json"):
        told = client.get(path, headers={"Host": "q.example:8080"}).json
        assert told["servers"] == [{"url": "http://q.example:8080"}]


def test_both_forms_are_named(document, older):
    assert document["openapi"] == "3.1.0"
    assert older["openapi"] == "3.0.3"
    assert document["info"]["title"] == "Qhronos"
