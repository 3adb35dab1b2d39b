"""The document in OpenAPI 3.0, for tools that do not read 3.1.

Its schemas are not those of JSON Schema: null is a mark beside one type, an example stands alone,
limits that exclude themselves are marks, and there are no webhooks.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from app.api.document.nodes import SCHEMAS, Node
from app.api.document.webhooks import BODIES, WEBHOOKS

VERSION = "3.0.3"
_NULL = {"type": "null"}


def older(document: Node) -> Node:
    """Return the same document in OpenAPI 3.0."""
    told = deepcopy(document)
    told["openapi"] = VERSION
    told.pop("webhooks", None)
    told.pop("jsonSchemaDialect", None)
    told["info"].pop("summary", None)
    told["info"]["license"] = {"name": "MIT", "url": "https://opensource.org/license/mit"}
    told["tags"] = [tag for tag in told["tags"] if tag["name"] != WEBHOOKS]
    for name in BODIES:
        del told["components"]["schemas"][name]
    return dict(_converted(told))


def _converted(value: Any) -> Any:
    if isinstance(value, list):
        return [_converted(one) for one in value]
    if not isinstance(value, dict):
        return value
    node = {name: _converted(one) for name, one in value.items()}
    if isinstance(node.get("examples"), list):
        node["example"] = node.pop("examples")[0]
    if isinstance(node.get("const"), str):
        node["enum"] = [node.pop("const")]
    if isinstance(node.get("exclusiveMinimum"), (int, float)) and not isinstance(
        node["exclusiveMinimum"], bool
    ):
        node |= {"minimum": node["exclusiveMinimum"], "exclusiveMinimum": True}
    _one_type(node)
    _no_null(node)
    beside = {name: one for name, one in node.items() if name != "$ref"}
    if str(node.get("$ref", "")).startswith(SCHEMAS) and beside:
        return {"allOf": [{"$ref": node["$ref"]}], **beside}
    return node


def _one_type(node: Node) -> None:
    kinds = node.get("type")
    if not isinstance(kinds, list):
        return
    others = [kind for kind in kinds if kind != "null"]
    null = {"nullable": True} if len(others) < len(kinds) else {}
    if len(others) == 1:
        node |= {"type": others[0], **null}
        return
    del node["type"]
    pattern = node.pop("pattern", None)
    node["oneOf"] = [
        {"type": kind, **null, **({"pattern": pattern} if pattern and kind == "string" else {})}
        for kind in others
    ]


def _no_null(node: Node) -> None:
    choices = node.get("anyOf")
    if not isinstance(choices, list) or _NULL not in choices:
        return
    others = [one for one in choices if one != _NULL]
    if len(others) > 1:
        node["anyOf"] = [{**one, "nullable": True} if "type" in one else one for one in others]
        return
    del node["anyOf"]
    # A mark beside a reference is not looked at, so the reference stands within.
    node |= {"type": "object", "allOf": others} if "$ref" in others[0] else others[0]
    node["nullable"] = True
