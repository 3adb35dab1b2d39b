"""Entries of the audit log, as they are shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.domain import ids
from app.domain.audit import ChainBroken, canonical, link

LONGEST = 120
"""Characters of a value that are shown."""

QUIET = frozenset({"updated_at", "next_occurrence_at", "notices"})
"""What changes with every change, and says nothing of it."""


def entries_of(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Read entries; each gets ``changed``, and ``of``: whether its object is an event, say."""
    entries = [json.loads(text) for text in texts]
    return [{**one, "changed": changed(one), "of": kind_of(one["object"])} for one in entries]


def changed(entry: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, old and new value of each member that a change has touched."""
    before, after = entry.get("before"), entry.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    return [
        (name, _short(before.get(name)), _short(after.get(name)))
        for name in sorted(before.keys() | after.keys())
        if name not in QUIET and before.get(name) != after.get(name)
    ]


def kind_of(name: str | None) -> str | None:
    """``event`` or ``occurrence``, if a name is the id of one."""
    if name and ids.from_text(name, version=7):
        return "event"
    return "occurrence" if name and ids.from_text(name, version=8) else None


def check_links(entries: Sequence[dict[str, Any]]) -> None:
    """Raise ``ChainBroken`` unless entries, newest first, follow each other and are unchanged."""
    following: str | None = None
    for entry in entries:
        own = {
            name: value
            for name, value in entry.items()
            if name not in ("prev", "hash", "changed", "of")
        }
        if link(entry["prev"], canonical(own)) != entry["hash"]:
            raise ChainBroken(f"Entry {entry['seq']} was changed after it was written.")
        if following is not None and entry["hash"] != following:
            raise ChainBroken(f"What stood behind entry {entry['seq']} is not there.")
        following = entry["prev"]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
