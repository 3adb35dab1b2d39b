"""What the schemas find wrong, as one error of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError

from app.api.schemas.base import REQUIRED
from app.errors import InvalidInput


def invalid(error: ValidationError) -> InvalidInput:
    """Turn what the schemas found into one error with dotted paths, naming the first field."""
    fields: dict[str, list[str]] = {}
    for path, message in _flatten(error.messages, ""):
        fields.setdefault(path, []).append(message)
    path, messages = next(iter(fields.items()))
    sentence = f"{path}: {messages[0]}"
    missing = [path for path, said in fields.items() if said == [REQUIRED]]
    if len(missing) > 1 and missing[0] == path:
        sentence = f"{', '.join(missing[:-1])} and {missing[-1]}: are required"
    return InvalidInput(sentence, fields=fields)


def _flatten(messages: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            # Marshmallow's name for what belongs to no field of the object.
            name = "" if key == "_schema" else str(key)
            yield from _flatten(inner, ".".join(filter(None, (path, name))))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flatten(inner, path)
    else:
        yield path, str(messages)
