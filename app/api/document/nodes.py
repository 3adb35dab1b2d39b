"""Walking through a document: JSON values, and what they refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Node = dict[str, Any]
SCHEMAS = "#/components/schemas/"
METHODS = ("get", "put", "post", "delete", "patch")


def nodes(value: Any) -> Iterator[Node]:
    """Every object in a value, itself first; what is in it may be changed meanwhile."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from nodes(one)


def ref(name: str) -> Node:
    """A reference to a schema."""
    return {"$ref": SCHEMAS + name}


def referred(value: Any, schemas: Mapping[str, Node]) -> set[str]:
    """The names of all schemas that a value refers to, and those that these refer to."""
    found: set[str] = set()
    left = [value]
    while left:
        for node in nodes(left.pop()):
            name = str(node.get("$ref", "")).removeprefix(SCHEMAS)
            if name in schemas and name not in found:
                found.add(name)
                left.append(schemas[name])
    return found


def operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    """Every operation, with its method and path."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def resolved(document: Node, node: Node) -> Node:
    """What a node refers to within its document, or itself."""
    found: Any = document
    if "$ref" not in node:
        return node
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def parameters_of(document: Node, path: str, method: str) -> Iterator[Node]:
    """Every parameter of an operation, those of its path first, with an example if there is one."""
    item = document["paths"][path]
    for one in (*item.get("parameters", []), *item[method].get("parameters", [])):
        parameter = resolved(document, one)
        told = parameter["schema"].get("examples", [])
        yield {"example": told[0], **parameter} if told else parameter


def succeeds(status: str) -> bool:
    """Whether a status is that of what an operation is for."""
    return status.startswith("2")
