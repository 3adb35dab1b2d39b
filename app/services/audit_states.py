"""What an entry of the audit log says of an object: its state, without secrets and not too long."""

from __future__ import annotations

import hashlib
from typing import Any

from app.domain.audit import canonical, masked

MAX_STATE = 16_384
"""Characters of a state's JSON beyond which the metadata, and then whatever is longest, are stored
as hashes."""

HASHED = 128
"""What is not longer than so many characters stays as it is: its hash would be no shorter."""


def state_text(value: Any) -> str:
    """A state with its secrets masked and, if it is long, its longest members as hashes."""
    if value is None:
        return "null"
    value = masked(value)
    text = canonical(value)
    return text if len(text) <= MAX_STATE else canonical(_shortened(value))


def _shortened(value: Any) -> Any:
    if isinstance(value, list):
        return _summary(value)
    if not isinstance(value, dict):
        return value
    sizes = {name: _size(inner) for name, inner in value.items()}
    for name in sorted(sizes, key=lambda name: (name != "metadata", -sizes[name])):
        if sizes[name] > HASHED:
            value = {**value, name: _hashed(value[name])}
        if _size(value) <= MAX_STATE:
            break
    return value


def _summary(states: list[Any]) -> dict[str, Any]:
    ids = [one.get("id") for one in states if isinstance(one, dict)]
    return {"ids": ids, **_hashed(states)}


def _hashed(value: Any) -> dict[str, Any]:
    text = canonical(value)
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "bytes": len(text)}


def _size(value: Any) -> int:
    return len(canonical(value))
