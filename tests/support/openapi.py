"""What tests ask of an OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SCHEMAS = "#/components/schemas/"


def resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a reference leads to, else the schema itself."""
    found: Any = schema
    while "$ref" in found:
        found = document["components"]["schemas"][found["$ref"].removeprefix(SCHEMAS)]
    return dict(found)


def undocumented(
    value: Any, schema: Mapping[str, Any], document: Mapping[str, Any], path: str = ""
) -> Iterator[str]:
    """The paths of members of a value that its schema does not tell of."""
    whole = resolved(schema, document)
    if choices := whole.get("anyOf") or whole.get("oneOf"):
        each = [list(undocumented(value, one, document, path)) for one in choices]
        yield from min(each, key=len)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from undocumented(one, whole.get("items", {}), document, f"{path}.{index}")
    elif isinstance(value, dict):
        members = whole.get("properties")
        if members is None or whole.get("additionalProperties"):
            return
        for name, one in value.items():
            if name in members:
                yield from undocumented(one, members[name], document, f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif value is not None and whole.get("type") in ("object", "array"):
        yield path
