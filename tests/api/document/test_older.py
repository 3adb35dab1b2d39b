"""The document in OpenAPI 3.0 says the same, in its own words."""

from __future__ import annotations

from app.api.document.nodes import nodes, operations


def test_it_has_every_operation_and_schema(document, older):
    """But for what is sent to receivers, for which it has no words."""
    assert older["paths"].keys() == document["paths"].keys()
    for (_, path, one), (_, _, other) in zip(operations(document), operations(older), strict=True):
        assert one["operationId"] == other["operationId"], path
        assert one["responses"].keys() == other["responses"].keys(), path
    left_out = document["components"]["schemas"].keys() - older["components"]["schemas"].keys()
    assert left_out == {"Delivery", "Callback"}
    assert "webhooks" not in older


def test_nothing_of_the_later_form_is_in_it(older):
    for node in nodes(older):
        if isinstance(node.get("properties"), dict) or "schema" in node:
            continue
        assert node.get("type") != "null"
        assert not isinstance(node.get("type"), list)
        assert not isinstance(node.get("examples"), list)
        assert not isinstance(node.get("exclusiveMinimum"), float)
        if node.get("nullable"):
            assert {"type", "anyOf"} & node.keys()


def test_null_is_a_mark(older):
    schemas = older["components"]["schemas"]
    event = schemas["EventCreate"]["properties"]
    assert event["description"]["nullable"] is True
    assert event["schedule"] == {
        "type": "object",
        "allOf": [{"$ref": "#/components/schemas/Schedule"}],
        "nullable": True,
    }
    assert "nullable" not in schemas["Event"]["properties"]["description"]


def test_several_types_are_choices(older):
    schemas = older["components"]["schemas"]
    first = schemas["RetryRule"]["properties"]["first"]
    assert [one["type"] for one in first["oneOf"]] == ["string", "integer"]
    delays = schemas["RetryPolicy"]["properties"]["delays"]["anyOf"]
    assert [one.get("nullable") for one in delays] == [True, None]


def test_a_limit_that_excludes_itself_is_a_mark(older):
    rate = older["components"]["schemas"]["RetryMany"]["properties"]["stop_at_error_rate"]
    assert (rate["minimum"], rate["exclusiveMinimum"]) == (0, True)
