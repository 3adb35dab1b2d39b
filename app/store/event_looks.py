"""Filters of events that no index knows: what is stored of each is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.store import codec
from app.store.connection import StoreClient
from app.store.pieces import join
from app.store.terms import has_members, hosts_of
from app.store.whereabouts import read_events


@dataclass(frozen=True, slots=True)
class EventLooks:
    """Answers about events of every partition, in order; one that is gone does not fit."""

    client: StoreClient

    def have_host(self, host: str, event_ids: Sequence[bytes]) -> list[bool]:
        """Whether each of these events is sent to this host; a port may follow it."""
        rows = read_events(self.client, event_ids, codec.DEFINITION_FIELDS)
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
        rows = read_events(self.client, event_ids, codec.METADATA_FIELDS)
        return [raw is not None and has_members(raw, members) for raw in map(join, rows)]
