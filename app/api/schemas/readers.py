"""Schemas that read no more than what a request has: visiting a field is most of what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from marshmallow import Schema, missing


def reader_of(schema: type[Schema], given: Mapping[str, Any]) -> Schema:
    """The schema for a request; what is kept of it are known names alone, never the user's."""
    names, needed = _names(schema)
    if not given.keys() <= names.keys():
        return schema()
    return _reader(schema, needed | {names[key] for key in given})


@lru_cache(maxsize=64)
def _names(schema: type[Schema]) -> tuple[dict[str, str], frozenset[str]]:
    """The schema's fields by their names in requests, and those that are always read."""
    fields = schema().load_fields
    needed = frozenset(
        name
        for name, field in fields.items()
        if field.required or field.load_default is not missing
    )
    return {field.data_key or name: name for name, field in fields.items()}, needed


@lru_cache(maxsize=512)
def _reader(schema: type[Schema], wanted: frozenset[str]) -> Schema:
    """The schema less the optional fields that were not given: visiting them is half its cost."""
    names, _ = _names(schema)
    return schema(only=[name for name in names.values() if name in wanted])
