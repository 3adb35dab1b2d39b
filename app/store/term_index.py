"""What the index of terms is complete in, and how it becomes so for metadata.

Hosts are listed since a migration. Members of the metadata are declared by a setting, which may
change: whoever writes an event lists it by those that are declared then. Events of before are
listed a bounded number at a time, from where the last step stopped.
"""

from __future__ import annotations

import json
from typing import NamedTuple, cast

from app.domain.partition_count import Count, PartitionsNow
from app.store import keys
from app.store.connection import StoreClient
from app.store.meta_field import MetaField
from app.store.migrations.events_by_host import EVENTS_BY_HOST, next_events
from app.store.scripts import Scripts
from app.store.term_writes import list_terms
from app.store.terms import EventTerms


class IndexingPlace(NamedTuple):
    """Where the listing of events by the members ``names`` goes on; ``is_done``: nowhere."""

    names: tuple[str, ...]
    partition: int = 0
    cursor: str = ""
    done: int = 0
    is_done: bool = False


class TermIndex:
    """Says by what all events can be found, and has them listed."""

    _partitions = PartitionsNow()

    def __init__(
        self,
        client: StoreClient,
        scripts: Scripts,
        partitions: Count,
        declared: tuple[str, ...] = (),
    ) -> None:
        """``declared`` are the members of the metadata by which this process lists events."""
        self._client = client
        self._scripts = scripts
        self._partitions = partitions
        self._meta = keys.META.decode()
        self._knows_hosts = False
        self.declared = tuple(sorted(declared))

    def knows_hosts(self) -> bool:
        """Whether all are listed by host: not while an earlier version's events are listed."""
        if not self._knows_hosts:
            schema = cast("bytes | None", self._client.hget(self._meta, MetaField.SCHEMA))
            self._knows_hosts = int(schema or 0) >= EVENTS_BY_HOST.version
        return self._knows_hosts

    def members(self) -> frozenset[str]:
        """The members of the metadata by which all events can be found."""
        found = cast("bytes | None", self._client.hget(self._meta, MetaField.INDEXED))
        return frozenset(json.loads(found or b"[]")) & frozenset(self.declared)

    def withdraw(self) -> None:
        """Say that not all can be found by the members that this process does not list."""
        found = cast("bytes | None", self._client.hget(self._meta, MetaField.INDEXED))
        names = json.loads(found or b"[]")
        if left := set(names) - set(self.declared):
            self._note(MetaField.INDEXED, sorted(set(names) - left))

    def place(self) -> IndexingPlace:
        """Where the listing by this process's members goes on: at the beginning, if it is new."""
        pipe = self._client.pipeline()
        pipe.hget(self._meta, MetaField.INDEXED)
        pipe.hget(self._meta, MetaField.INDEXING)
        indexed, place = cast("list[bytes | None]", pipe.execute())
        names = json.loads(indexed or b"[]")
        if place is None and not names and not self.declared:
            return IndexingPlace((), is_done=True)
        noted = IndexingPlace((), is_done=True) if place is None else _read(place)
        if noted.names != self.declared or (noted.is_done and names != list(self.declared)):
            return IndexingPlace(self.declared)
        return noted

    def step(self, place: IndexingPlace) -> IndexingPlace:
        """List the next events, and note where to go on; all of them are listed: ``is_done``."""
        found, cursor = next_events(self._client, place.partition, place.cursor)
        terms = EventTerms(place.names)
        list_terms(self._client, self._scripts, place.partition, found, terms)
        partition = place.partition + (not cursor)
        is_done = partition >= self._partitions
        following = IndexingPlace(place.names, partition, cursor, place.done + len(found), is_done)
        if is_done:
            self._note(MetaField.INDEXED, list(place.names))
        self._note(MetaField.INDEXING, following)
        return following

    def _note(self, field: MetaField, value: object) -> None:
        self._client.hset(self._meta, field, json.dumps(value))


def _read(raw: bytes) -> IndexingPlace:
    names, partition, cursor, done, is_done = json.loads(raw)
    return IndexingPlace(tuple(names), partition, cursor, done, is_done)
