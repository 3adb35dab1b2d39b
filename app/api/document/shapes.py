"""Schemas as programs that write clients need them.

Requests and answers have schemas of their own. One that both would share makes a client that can't
read what it is answered, or sends back what only the service may say. Nothing has a ``default``
in a body, because clients fill defaults in: a change of one field would then set others. It is
called ``x-default``, which people read, and stands where leaving a member out means it. Members
of answers are required unless they are marked with ``SOMETIMES``, so that clients need not ask
whether they are there. Objects within objects have names.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from app.api.document.nodes import SCHEMAS, Node, nodes, operations, ref, referred, succeeds
from app.api.schemas.base import NAMED, NULL_KEY, SOMETIMES_KEY

REQUESTS = {
    "Calendar": "CalendarDefinition",
    "Event": "EventCreate",
    "Flow": "FlowLimits",
    "Token": "TokenCreate",
}
"""What a schema is called in requests that would also be one of answers.

Not ``New…``: clients in Go have a function of that name for each schema.
"""

CHANGES = ("EventUpdate",)
"""Schemas of changes: what they leave out stays as it is."""

DEFAULT = "x-default"

_MARKS = (SOMETIMES_KEY, NULL_KEY, "readOnly", "writeOnly")
"""What is said of a member, whatever its schema."""


def shape(document: Node) -> None:
    """Bring the schemas of a document into that form."""
    schemas = document["components"]["schemas"]
    _name_objects(schemas)
    _separate(document)
    given = referred(_bodies(document), schemas)
    answered = referred(_answers(document), schemas)
    for name, schema in schemas.items():
        if name in answered and "properties" in schema and not schema.pop(NAMED, None):
            _require(schema)
        if name in answered - given:
            schema.pop("additionalProperties", None)
    _drop_marks(schemas)
    for name, schema in schemas.items():
        _say_defaults(schema, are_so=name in given and name not in CHANGES)
    for _, _, operation in operations(document):
        for parameter in operation.get("parameters", []):
            default = parameter.get("schema", {}).get("default", True)
            if not isinstance(default, (bool, int, float, str)):
                del parameter["schema"]["default"]
    _one_answer_each(document)


def _drop_marks(schemas: Node) -> None:
    for node in nodes(schemas):
        for mark in (*_MARKS, NAMED):
            if not _is_property(node, mark):
                node.pop(mark, None)


def _say_defaults(schema: Node, *, are_so: bool) -> None:
    """Give the defaults of a schema's members their own name; only requests have any."""
    for node in nodes(schema.get("properties", {})):
        if "default" in node and not _is_default_a_member(node):
            value = node.pop("default")
            if are_so:
                node[DEFAULT] = value


def _is_default_a_member(node: Node) -> bool:
    return isinstance(node["default"], dict) and "type" in node["default"]


def _is_property(node: Node, name: str) -> bool:
    """Whether a node is the list of members of an object, one of which has this name."""
    return isinstance(node.get(name), dict)


def _name_objects(schemas: dict[str, Node]) -> None:
    """Take objects that say their names out of the schemas that they stand in."""
    for node in reversed(list(nodes(schemas))):  # what is within another one first
        name = node.get(NAMED)
        if not isinstance(name, str):
            continue
        kinds = node.pop("type")
        marks = {mark: node.pop(mark) for mark in _MARKS if mark in node}
        whole = {**deepcopy(node), "type": "object", NAMED: True}
        if schemas.setdefault(name, whole).get("properties") != whole.get("properties"):
            raise ValueError(f"two schemas are called {name}")
        node.clear()
        node.update(marks)
        node.update({"anyOf": [ref(name), {"type": "null"}]} if "null" in kinds else ref(name))


def _bodies(document: Node) -> list[Any]:
    return [operation.get("requestBody") for _, _, operation in operations(document)]


def _answers(document: Node) -> list[Any]:
    answers = [operation["responses"] for _, _, operation in operations(document)]
    return [*answers, document["components"].get("responses")]


def _separate(document: Node) -> None:
    """Give requests schemas of their own where answers have other members."""
    schemas = document["components"]["schemas"]
    given = referred(_bodies(document), schemas)
    answered = referred(_answers(document), schemas)
    renamed = {}
    for name in sorted(given):
        members = schemas[name].get("properties", {}).values()
        if name in answered and any({"readOnly", "writeOnly"} & one.keys() for one in members):
            renamed[name] = REQUESTS.get(name, f"{name}Input")
            schemas[renamed[name]] = deepcopy(schemas[name])
    for name in given:
        _drop(schemas[renamed.get(name, name)], "readOnly")
    for name in answered:
        _drop(schemas[name], "writeOnly")
    for name in renamed:
        for member in schemas[name]["properties"].values():
            if not member.get("readOnly") and not member.get(NULL_KEY):
                _never_null(member)
    again = [*_bodies(document), *(schemas[renamed.get(name, name)] for name in given)]
    for node in nodes(again):
        name = str(node.get("$ref", "")).removeprefix(SCHEMAS)
        if name in renamed:
            node["$ref"] = SCHEMAS + renamed[name]


def _drop(schema: Node, mark: str) -> None:
    members = schema.get("properties", {})
    for name in [name for name, one in members.items() if one.get(mark)]:
        del members[name]
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name in members]


def _never_null(member: Node) -> None:
    """Null in a request clears a member; answers have what it then is, or leave it out."""
    others = [one for one in member.get("anyOf", []) if one != {"type": "null"}]
    if len(others) == 1:
        del member["anyOf"]
        member |= others[0]
    elif isinstance(member.get("type"), list):
        kinds = [kind for kind in member["type"] if kind != "null"]
        member["type"] = kinds[0] if len(kinds) == 1 else kinds
    if None in member.get("enum", []):
        member["enum"] = [one for one in member["enum"] if one is not None]


def _require(schema: Node) -> None:
    always = [name for name, one in schema["properties"].items() if not one.get(SOMETIMES_KEY)]
    if always:
        schema["required"] = always


def _one_answer_each(document: Node) -> None:
    """Say of each status all that an operation may answer: clients look at the first alone."""
    for _, _, operation in operations(document):
        contents = [
            response["content"]["application/json"]
            for status, response in operation["responses"].items()
            if succeeds(status) and "application/json" in response.get("content", {})
        ]
        different: list[Node] = []
        for content in contents:
            schema = content["schema"]
            choices = schema["oneOf"] if schema.keys() == {"oneOf"} else [schema]
            different += [one for one in choices if one not in different]
        if not different:
            continue
        union = different[0] if len(different) == 1 else {"oneOf": different}
        if "anyOf" in union or "oneOf" in union:
            name = _named_union(document, operation["operationId"], union)
            for content in contents:
                content["schema"] = ref(name)


def _named_union(document: Node, operation: str, union: Node) -> str:
    schemas = document["components"]["schemas"]
    for name, known in schemas.items():
        if {**known, "description": None} == {**union, "description": None}:
            return str(name)
    name = operation.title().replace("_", "") + "Answer"
    schemas[name] = {**union, "description": "One of these, as the request asks."}
    return name
