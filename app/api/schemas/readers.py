"""Schemas that read no more than what a request has: visiting a field is most of what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from marshmallow import Schema, missing
from marshmallow.fields import Field


def reader_of(schema: type[Schema], given: Mapping[str, Any], *, explains: bool = True) -> Schema:
    """The schema for a request; what is kept of it are known names alone, never the user's.

    ``explains``: whether it says what unknown members were probably meant to be.
    """
    names, needed = _names(schema)
    if not given.keys() <= names.keys():
        return _whole(schema, explains)
    return _reader(schema, needed | {names[key] for key in given})


def values_of(schema: type[Schema], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the fields of a schema read, without what the schema as a whole has to say.

    ``None`` if a field does not know what was given, or misses what it needs. Raises
    ``ValidationError`` for the first that is wrong: loading the schema tells all of them.
    """
    fields, needed = _fields(schema)
    if not needed <= given.keys() <= fields.keys():
        return None
    return {
        fields[key][0]: fields[key][1].deserialize(value, key, given)
        for key, value in given.items()
    }


@lru_cache(maxsize=64)
def _fields(schema: type[Schema]) -> tuple[dict[str, tuple[str, Field[Any]]], frozenset[str]]:
    """The schema's fields by their names in requests, and the names of those always read."""
    names, needed = _names(schema)
    fields = schema().load_fields
    return (
        {key: (fields[name].attribute or name, fields[name]) for key, name in names.items()},
        frozenset(key for key, name in names.items() if name in needed),
    )


@lru_cache(maxsize=64)
def _whole(schema: type[Schema], explains: bool) -> Schema:
    """It keeps nothing of what it reads, and making one takes longer than reading."""
    made = schema()
    vars(made)["explains"] = explains
    return made


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
