"""The part of the OpenAPI document that the client's types are made of.

``python -m tests.typescript.document`` prints it. It has what a call takes and what it answers when
it succeeds. Examples, headers of answers and errors are left out: the client has no type of them,
and an editor would load them for nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.generate.api_reference import openapi_document

SCHEMA = Path(__file__).parents[2] / "clients" / "typescript" / "src" / "schema.ts"
MARK = re.compile(r"^// The shape of the document: sha256 ([0-9a-f]{64})$", re.MULTILINE)
TEXTS = ("description", "summary", "title")
REFERENCE = "#/components/schemas/"


def source_of_types(document: dict[str, Any]) -> dict[str, Any]:
    """Reduce a document to what types are made of."""
    paths = {
        path: {method: _operation(one) for method, one in methods.items() if method != "parameters"}
        | {name: one for name, one in methods.items() if name == "parameters"}
        for path, methods in document["paths"].items()
    }
    webhooks = document["webhooks"]
    schemas = document["components"]["schemas"]
    parts = {
        "schemas": {name: schemas[name] for name in sorted(_needed([paths, webhooks], schemas))},
        "parameters": document["components"]["parameters"],
    }
    info = {"title": document["info"]["title"], "version": "0"}
    kept = {"openapi": document["openapi"], "info": info, "paths": paths, "components": parts}
    plain: dict[str, Any] = _without(kept, ("example", "examples"))
    return plain


def checksum(document: dict[str, Any]) -> str:
    """The checksum of what a document says to a compiler: texts for people do not count."""
    shape = _without(source_of_types(document), TEXTS)
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()


def _operation(one: dict[str, Any]) -> dict[str, Any]:
    kept = ("operationId", "summary", "description", "parameters", "requestBody")
    answers = {
        status: {name: part for name, part in answer.items() if name != "headers"}
        for status, answer in one["responses"].items()
        if status.startswith("2")
    }
    return {name: one[name] for name in kept if name in one} | {"responses": answers}


def _needed(roots: Any, schemas: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = list(_referred(roots))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _referred(schemas[name])
    return found


def _referred(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("$ref", "")
        if isinstance(reference, str) and reference.startswith(REFERENCE):
            yield reference.removeprefix(REFERENCE)
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _referred(one)


def _without(value: Any, names: tuple[str, ...], *, are_names: bool = False) -> Any:
    """Leave members out, but not properties that are called so."""
    if isinstance(value, list):
        return [_without(one, names) for one in value]
    if isinstance(value, dict):
        return {
            name: _without(one, names, are_names=name == "properties" and not are_names)
            for name, one in value.items()
            if are_names or name not in names
        }
    return value


if __name__ == "__main__":
    served = openapi_document()
    if "--checksum" in sys.argv:
        sys.stdout.write(checksum(served) + "\n")
    else:
        sys.stdout.write(json.dumps(source_of_types(served), indent=1))
