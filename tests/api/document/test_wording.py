"""Schemas in words."""

from __future__ import annotations

import pytest

from app.api.document.nodes import ref
from app.api.document.wording import Word, kind, limits, member, members
from app.api.schemas.base import DURATION


def text(schema):
    return "".join(word.text for word in kind(schema))


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"type": ["string", "null"], "format": "uri"}, "string (uri) or null"),
        ({"type": "array", "items": {"type": "integer"}}, "list of integer"),
        ({"enum": ["a", "b", None]}, "a or b or null"),
        ({"anyOf": [ref("Event"), {"type": "null"}]}, "Event or null"),
        ({}, "any value"),
    ],
)
def test_which_values_there_may_be(schema, words):
    assert text(schema) == words


def test_a_reference_leads_to_its_schema():
    assert kind({"type": "array", "items": ref("Event")}) == [
        Word("list of "),
        Word("Event", "Event"),
    ]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"minLength": 1, "maxLength": 4096}, ["1 to 4,096 characters"]),
        ({"minLength": 0, "maxLength": 1}, ["at most 1 character"]),
        ({"minItems": 1}, ["at least 1 item"]),
        ({"maxProperties": 20}, ["at most 20 members"]),
        ({"minimum": 0, "maximum": 9}, ["at most 9"]),
        ({"exclusiveMinimum": 0}, ["more than 0"]),
        ({"pattern": "^a$"}, ["pattern ^a$"]),
        ({"pattern": DURATION["pattern"]}, ["a duration"]),
        ({"readOnly": True}, ["only in answers"]),
        (
            {"items": {"maxLength": 64}, "maxItems": 2},
            ["at most 2 items", "each at most 64 characters"],
        ),
        ({}, []),
    ],
)
def test_how_much_there_may_be(schema, words):
    assert list(limits(schema)) == words


def test_a_default_and_an_example_are_told():
    told = member("limit", {"type": "integer", "default": 100, "examples": [7]}, required=False)
    assert (told.default, told.example) == ("100", "7")
    told = member("dry_run", {"type": "boolean", "default": False}, required=False)
    assert told.default == "false"


def test_an_example_that_was_made_up_is_not_told():
    schema = {"type": "string"}
    told = member("name", {"in": "query", "example": "text"}, required=True, schema=schema)
    assert (told.example, told.place, told.is_required) == (None, "query", True)


def test_members_of_an_object_within_stand_beside_its_own():
    inner = {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}
    schema = {"properties": {"a": inner, "c": {"type": "array", "items": inner}}, "required": ["a"]}
    assert [(one.name, one.is_required) for one in members(schema)] == [
        ("a", True),
        ("a.b", True),
        ("c", False),
        ("c[].b", True),
    ]
