"""Filters of events that no index knows: what is stored of each is looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.store import codec, keys
from app.store.connection import StoreClient
from app.store.pieces import join
from app.store.reading import read_hashes


@dataclass(frozen=True, slots=True)
class EventLooks:
    """Answers about events of every partition, in order; one that is gone does not fit."""

    client: StoreClient

    def have_host(self, host: str, event_ids: Sequence[bytes]) -> list[bool]:
        """Whether each of these events is sent to this host; a port may follow it."""
        rows = read_hashes(self.client, map(keys.event_of, event_ids), codec.DEFINITION_FIELDS)
        wanted = host.lower()
        return [
            raw is not None
            and wanted.encode() in raw.lower()  # most are told apart by this, which costs little
            and wanted in hosts_of(codec.definition_from_doc(raw).action.target)
            for raw in map(join, rows)
        ]

    def have_metadata(
        self, members: Sequence[tuple[str, str]], event_ids: Sequence[bytes]
    ) -> list[bool]:
        """Whether the metadata of each of these events has these members.

        A value is a text, or a number, true, false or null as it was written.
        """
        rows = read_hashes(self.client, map(keys.event_of, event_ids), codec.METADATA_FIELDS)
        return [raw is not None and has_members(raw, members) for raw in map(join, rows)]


def hosts_of(target: str) -> tuple[str, ...]:
    """What the host of a target may be called: without its port, and with it."""
    try:
        parts = urlsplit(target)
        return (parts.hostname or target).lower(), parts.netloc.rpartition("@")[2].lower()
    except ValueError:
        return (target.lower(),)


def has_members(raw: bytes, members: Sequence[tuple[str, str]]) -> bool:
    """Whether a JSON object has members with these names and values."""
    # Numbers stay as they were written: 1.50 is not 1.5.
    found = json.loads(raw, parse_float=str, parse_int=str)
    return all(name in found and _as_text(found[name]) == value for name, value in members)


def _as_text(value: object) -> str | None:
    """A text as it is, true, false and null as JSON has them, and nothing for what is nested."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if value is None or isinstance(value, bool) else None
