"""How schemas are brought into the form that clients need.

Tests ``app.api.document.nodes``, too.
"""

from __future__ import annotations

import json

import pytest

from app.api.document.nodes import referred
from app.api.document.shapes import shape


def a_document(schemas, body, *answers):
    """A document of one operation."""

    def content(schema):
        return {"content": {"application/json": {"schema": schema}}}

    return {
        "paths": {
            "/a": {
                "post": {
                    "operationId": "make_it",
                    "parameters": [{"name": "a", "schema": {"type": "array", "default": []}}],
                    "requestBody": content(body),
                    "responses": {str(200 + n): content(one) for n, one in enumerate(answers)},
                }
            }
        },
        "components": {"schemas": schemas},
    }


THING = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "name": {"type": "string"},
        "size": {"type": ["integer", "null"], "default": 5},
        "kind": {"type": ["string", "null"], "enum": ["a", None], "x-sometimes": True},
        "limit": {"type": ["integer", "null"], "x-null": True},
        "secret": {"type": "string", "writeOnly": True},
        "part": {
            "type": ["object", "null"],
            "x-named": "Part",
            "description": "A part.",
            "x-sometimes": True,
            "properties": {"a": {"type": "object", "x-named": "Inner", "properties": {}}},
        },
    },
}
REF = {"$ref": "#/components/schemas/Thing"}


@pytest.fixture
def shaped():
    document = json.loads(json.dumps(a_document({"Thing": THING}, REF, REF)))
    shape(document)
    return document


def test_requests_and_answers_have_schemas_of_their_own(shaped):
    """What is read-only is in answers, what is write-only in requests."""
    schemas = shaped["components"]["schemas"]
    operation = shaped["paths"]["/a"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/ThingInput"}
    assert set(schemas["ThingInput"]["properties"]) == set(THING["properties"]) - {"id"}
    assert schemas["ThingInput"]["required"] == ["name"]
    assert schemas["ThingInput"]["additionalProperties"] is False
    assert set(schemas["Thing"]["properties"]) == set(THING["properties"]) - {"secret"}
    assert "additionalProperties" not in schemas["Thing"]


def test_answers_have_what_null_comes_to(shaped):
    """Null clears in a request; few members are null in answers."""
    schemas = shaped["components"]["schemas"]
    given, answered = schemas["ThingInput"]["properties"], schemas["Thing"]["properties"]
    assert given["size"] == {"type": ["integer", "null"], "x-default": 5}
    assert answered["size"] == {"type": "integer"}
    assert answered["kind"] == {"type": "string", "enum": ["a"]}
    assert answered["limit"] == {"type": ["integer", "null"]}
    part = {"$ref": "#/components/schemas/Part"}
    assert given["part"] == {"anyOf": [part, {"type": "null"}]}
    assert answered["part"] == part


def test_what_is_always_there_is_required(shaped):
    assert shaped["components"]["schemas"]["Thing"]["required"] == ["id", "name", "size", "limit"]


def test_objects_within_objects_get_their_names(shaped):
    schemas = shaped["components"]["schemas"]
    assert schemas["Part"]["description"] == "A part."
    assert schemas["Part"]["properties"] == {"a": {"$ref": "#/components/schemas/Inner"}}
    assert "required" not in schemas["Part"]
    assert referred(REF, schemas) == {"Thing", "Part", "Inner"}


def test_two_objects_of_one_name_are_refused():
    other = {"type": "object", "x-named": "Part", "properties": {}}
    schemas = {"Thing": THING, "Other": {"properties": {"a": other}}}
    with pytest.raises(ValueError, match="two schemas are called Part"):
        shape(json.loads(json.dumps(a_document(schemas, REF, REF))))


def test_several_answers_become_one_that_is_any_of_them():
    """Whatever the status: a client that knows the first alone can read them all."""
    document = a_document({}, {"type": "object"}, {"type": "integer"}, {"type": "string"})
    shape(document)
    answers = document["paths"]["/a"]["post"]["responses"]
    for status in ("200", "201"):
        schema = answers[status]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/MakeItAnswer"}
    union = document["components"]["schemas"]["MakeItAnswer"]
    assert union["oneOf"] == [{"type": "integer"}, {"type": "string"}]


def test_a_list_is_no_default(shaped):
    """Clients write it out in their language, and some write what is none."""
    (parameter,) = shaped["paths"]["/a"]["post"]["parameters"]
    assert "default" not in parameter["schema"]
