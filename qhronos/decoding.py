"""From JSON to typed values, and back to what JSON can hold.

A later version of the service may answer with more members: they are kept in ``raw``, and nothing
breaks. Members that an answer leaves out have the default of their field.
"""

from __future__ import annotations

import types
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, Self, Union, cast, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Something that the service answers; ``raw`` is the answer as it came."""

    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read one from its JSON object."""
        hints: dict[str, Any] = _hints(cast("Hashable", cls))
        given = {
            one.name: _value(hints[one.name], document[name])
            for one in fields(cls)
            if (name := one.metadata.get("name", one.name)) in document and one.name != "raw"
        }
        return cls(**given, raw=document)

    @classmethod
    def each_of(cls, documents: list[Mapping[str, Any]]) -> tuple[Self, ...]:
        """Read one from each object of a JSON array."""
        return tuple(cls.of(document) for document in documents)


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        (hint,) = (one for one in get_args(hint) if one is not types.NoneType)
        return _value(hint, value)
    if origin is tuple:
        return tuple(_value(get_args(hint)[0], one) for one in value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, Model):
        return hint.of(value)
    return value


def plain(value: Any) -> Any:
    """Write a value as the API takes it: times as RFC 3339, durations as in ``90s``."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        ms = round(value / timedelta(milliseconds=1))
        return f"{ms}ms" if ms % 1000 else f"{ms // 1000}s"
    return value
