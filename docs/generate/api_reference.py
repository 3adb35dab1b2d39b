"""The reference of the API, made from the OpenAPI document that the service itself serves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.config import PREFIX
from app.factory import create_app
from app.setting_variables import load_settings
from app.wiring.services import build_services
from docs.generate.markdown import table

STAND_INS = {
    "REDIS_URL": "redis://127.0.0.1:1",
    "MASTER_TOKEN": "m" * 32,
    "JWT_SECRET": "j" * 32,
    "SIGNING_SECRET": "s" * 32,
}
"""What the application cannot be made without. Nothing is connected to."""


FOR_ALL = ("default", "429", "503")
"""What every call may answer: the page says it once."""


def openapi_document() -> dict[str, Any]:
    """Return the document as it is answered."""
    settings = load_settings({PREFIX + name: value for name, value in STAND_INS.items()})
    answer = create_app(build_services(settings)).test_client().get("/openapi.json")
    document: dict[str, Any] = json.loads(answer.get_data())
    return document


def api_reference() -> str:
    """Return a section for each call, and one for each object that calls take and answer."""
    document = openapi_document()
    titles = {one["name"]: one.get("description", "") for one in document.get("tags", [])}
    parts: list[str] = []
    group = ""
    for path, method, operation in _operations(document):
        (tag,) = operation["tags"]
        if tag != group:
            group = tag
            parts.append(f"## {group.capitalize()}\n\n{titles.get(tag, '').rstrip('.')}.\n")
        parts += _call(path, method, operation, document)
    parts.append(
        "## Objects\n\nA star marks what is required in requests, and always there in answers.\n"
    )
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts += _object(name, schema)
    return "\n".join(parts)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the calls, those of a group together, groups and calls in the document's order."""
    found = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    ]
    order = list(dict.fromkeys(operation["tags"][0] for _, _, operation in found))
    yield from sorted(found, key=lambda one: order.index(one[2]["tags"][0]))


def _call(
    path: str, method: str, operation: Mapping[str, Any], document: Mapping[str, Any]
) -> Iterator[str]:
    yield f"### {method.upper()} {_escaped(path)}\n"
    yield f"{operation['summary']} {operation.get('description', '')}".strip() + "\n"
    if operation.get("security") == []:
        yield "This call is open to everyone.\n"
    rows = [
        [f"`{one['name']}`", one["in"], _kind(one["schema"]), one.get("description", "")]
        for one in (_resolved(one, document) for one in operation.get("parameters", []))
    ]
    for content_type, body in operation.get("requestBody", {}).get("content", {}).items():
        rows.append(["body", content_type, _kind(body["schema"]), ""])
    if rows:
        yield table(["What to send", "In", "Form", "Meaning"], rows)
    yield _answers(operation) + "\n"


def _answers(operation: Mapping[str, Any]) -> str:
    """Say which statuses there are; errors all have the same form."""
    good, bad = [], []
    for status, answer in sorted(operation["responses"].items()):
        if status.startswith("2"):
            kinds = [_kind(one["schema"]) for one in answer.get("content", {}).values()]
            good.append(f"`{status}`" + (" with " + " or ".join(kinds) if kinds else ""))
        elif status == "304":
            good.append("`304`")
        elif status not in FOR_ALL:
            bad.append(f"`{status}`")
    errors = f" Errors: {', '.join(bad)}." if bad else ""
    return f"Answers: {'; '.join(good)}.{errors}"


def _object(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"(object-{name.lower()})=\n### {name}\n"
    yield schema["description"] + "\n"
    rows = []
    for field, part in schema.get("properties", {}).items():
        star = " \\*" if field in schema.get("required", ()) else ""
        rows.append([f"`{field}`{star}", _kind(part), _about(part)])
        rows += [
            [f"`{field}.{inner}`", _kind(described), _about(described)]
            for inner, described in part.get("properties", {}).items()
        ]
    if rows:
        yield table(["Member", "Form", "Meaning"], rows)
    elif "anyOf" in schema or "oneOf" in schema:
        yield f"{_kind(schema)}.\n"


def _resolved(one: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = one
    if "$ref" in one:
        for step in one["$ref"].removeprefix("#/").split("/"):
            found = (document if found is one else found)[step]
    return dict(found)


def _about(part: Mapping[str, Any]) -> str:
    words = [_escaped(part.get("description", ""))]
    told = part.get("examples", ())
    words += [f"Example: `{json.dumps(one, ensure_ascii=False)}`." for one in told]
    return " ".join(word for word in words if word)


def _kind(schema: Mapping[str, Any]) -> str:
    """Say in words what a schema allows."""
    if "$ref" in schema:
        name = _name(schema)
        return f"[{name}](#object-{name.lower()})"
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        return " or ".join(_kind(choice) for choice in choices)
    if "enum" in schema:
        return ", ".join("null" if one is None else f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    types = schema.get("type", "anything")
    words = [types] if isinstance(types, str) else types
    form = f" ({schema['format']})" if "format" in schema else ""
    return " or ".join(words) + form + _limits(schema)


def _limits(schema: Mapping[str, Any]) -> str:
    for low, high, unit in (("minLength", "maxLength", " characters"), ("minimum", "maximum", "")):
        if low in schema and high in schema:
            return f", {schema[low]} to {schema[high]}{unit}"
    return ""


def _name(reference: Mapping[str, Any]) -> str:
    return str(reference["$ref"]).rsplit("/", 1)[1]


def _escaped(text: str) -> str:
    """Keep ``{id}``, ``*`` and ``<`` from being read as markup."""
    for mark in ("\\", "*", "_", "<", "[", "{"):
        text = text.replace(mark, "\\" + mark)
    return text
