"""What a schema allows, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from app.api.document.examples import A_TEXT
from app.api.document.nodes import SCHEMAS, Node
from app.api.document.shapes import DEFAULT
from app.api.schemas.base import DURATION, RATE

_BOUNDS = (
    ("minLength", "maxLength", "character"),
    ("minItems", "maxItems", "item"),
    ("minProperties", "maxProperties", "member"),
    ("minimum", "maximum", ""),
)
_PATTERNS = {DURATION["pattern"]: "a duration", RATE["pattern"]: "a rate"}


class Word(NamedTuple):
    """A part of a sentence; some lead to a schema."""

    text: str
    leads_to: str | None = None


class DescribedPart(NamedTuple):
    """A parameter, a header, or a member of an object."""

    name: str
    place: str
    """Where it stands: path, query, header; empty for a member."""
    kind: list[Word]
    limits: list[str]
    is_required: bool
    about: str
    default: str | None
    example: str | None


def member(
    name: str, described: Node, *, required: bool, schema: Node | None = None
) -> DescribedPart:
    """What there is to say of a part; ``schema`` if it isn't the description itself."""
    form = described if schema is None else schema
    told, otherwise = _example(described, form), form.get("default", form.get(DEFAULT))
    return DescribedPart(
        name=name,
        place=described.get("in", ""),
        kind=kind(form),
        limits=list(limits(form)),
        is_required=required,
        about=described.get("description") or form.get("description", ""),
        default=None if otherwise is None else _plain(otherwise),
        example=None if told is None else _plain(told),
    )


def members(schema: Node, before: str = "") -> Iterator[DescribedPart]:
    """The members of an object, and those of the objects within it that have no name."""
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        yield member(before + name, part, required=name in required)
        yield from members(part, f"{before}{name}.")
        if isinstance(part.get("items"), dict):
            yield from members(part["items"], f"{before}{name}[].")


def kind(schema: Node) -> list[Word]:
    """Which type it is, and which values if those are few."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(SCHEMAS)
        return [Word(name, name)]
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        return _joined([kind(choice) for choice in choices])
    if "enum" in schema:
        return [Word(" or ".join("null" if one is None else f"{one}" for one in schema["enum"]))]
    types = schema.get("type", "any value")
    names = [types] if isinstance(types, str) else types
    return _joined([_of_type(name, schema) for name in names])


def limits(schema: Node) -> Iterator[str]:
    """How long, how many and how large it may be."""
    for low, high, unit in _BOUNDS:
        least, most = schema.get(low), schema.get(high)
        if least and most is not None:
            yield f"{least:,} to {most:,}{_plural(unit, most)}"
        elif most is not None:
            yield f"at most {most:,}{_plural(unit, most)}"
        elif least is not None:
            yield f"at least {least:,}{_plural(unit, least)}"
    if "exclusiveMinimum" in schema:
        yield f"more than {schema['exclusiveMinimum']}"
    if schema.get("readOnly"):
        yield "only in answers"
    if schema.get("writeOnly"):
        yield "only in requests"
    if "pattern" in schema:
        yield _PATTERNS.get(schema["pattern"], f"pattern {schema['pattern']}")
    if "items" in schema:
        yield from (f"each {one}" for one in limits(schema["items"]))


def _plural(unit: str, count: int) -> str:
    return f" {unit}{'' if count == 1 else 's'}" if unit else ""


def _of_type(name: str, schema: Node) -> list[Word]:
    if name == "array":
        return [Word("list of "), *kind(schema.get("items", {}))]
    form = schema.get("format")
    return [Word(f"{name} ({form})" if form and name != "null" else name)]


def _joined(parts: list[list[Word]]) -> list[Word]:
    words: list[Word] = []
    for part in parts:
        words += [Word(" or ")] * bool(words) + part
    return words


def _example(described: Node, form: Node) -> Any:
    """An example that says something: none was made up because there has to be one."""
    if form.get("examples"):
        return form["examples"][0]
    told = described.get("example")
    return told if isinstance(told, str) and told != A_TEXT and "enum" not in form else None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
