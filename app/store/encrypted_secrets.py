"""All encrypted secrets of the store, for a change of the key that they are encrypted with."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.domain import ids
from app.domain.event import EventStatus
from app.store import keys
from app.store.alerts import AlertStore
from app.store.connection import StoreClient
from app.store.fields import EventField
from app.store.indexes import IndexReader
from app.store.partitions import by_partition
from app.store.scripts import Argument, Scripts
from app.store.selections import EVERY_EVENT
from app.store.tag_secrets import TagSecretStore, owner_of_tag
from app.store.whereabouts import read_events

BATCH = 256

FIELDS = (EventField.SECRET, EventField.HEADERS)
"""The fields of an event's hash that are encrypted."""


class EncryptedSecret(NamedTuple):
    """A secret, the event that it belongs to, and the field of its hash that holds it.

    That of a tag belongs to no event, and its field is the tag; that of an alert likewise.
    """

    event_id: bytes
    field: str
    encrypted: bytes
    is_of_alert: bool = False

    @property
    def name(self) -> str:
        """Whose it is, in words."""
        if self.is_of_alert:
            return f"the alert {self.field}"
        return ids.to_text(self.event_id) if self.event_id else f"the tag {self.field}"

    @property
    def owner(self) -> bytes:
        """What it is bound to: it can't be decrypted for another owner or field."""
        if self.is_of_alert:
            return owner_of_alert(self.field)
        if not self.event_id:
            return owner_of_tag(self.field)
        return self.event_id if self.field == EventField.SECRET else headers_of(self.event_id)


def headers_of(event_id: bytes) -> bytes:
    """The owner that an event's headers are bound to."""
    return event_id + b"hdr"


def owner_of_alert(alert_id: str) -> bytes:
    """What the destination of an alert is bound to; longer than the id of an event."""
    return b"destination of the alert " + alert_id.encode()


class EncryptedSecrets:
    """Walks over them and replaces them, a bounded batch at a time."""

    def __init__(self, client: StoreClient, scripts: Scripts, lists: IndexReader) -> None:
        self._client = client
        self._scripts = scripts
        self._lists = lists
        self._tags = TagSecretStore(client, scripts)
        self._alerts = AlertStore(client)

    def batches(self) -> Iterator[list[EncryptedSecret]]:
        """Yield every secret that was there when the walk began."""
        events = (member for _, member in self._lists.walk(EVERY_EVENT))
        while batch := list(itertools.islice(events, BATCH)):
            rows = read_events(self._client, batch, FIELDS)
            yield [
                EncryptedSecret(event_id, field, encrypted)
                for event_id, values in zip(batch, rows, strict=True)
                for field, encrypted in zip(FIELDS, values, strict=True)
                if encrypted is not None
            ]
        of_tags = [
            EncryptedSecret(b"", tag, one.encrypted) for tag, one in self._tags.all().items()
        ]
        of_alerts = [
            EncryptedSecret(b"", alert_id, sealed, is_of_alert=True)
            for alert_id, sealed in self._alerts.sealed().items()
        ]
        if of_tags or of_alerts:
            yield [*of_tags, *of_alerts]

    def replace(self, replacements: Iterable[tuple[EncryptedSecret, bytes]]) -> int:
        """Put new forms in the place of old ones; returns how many were still the old ones."""
        replacements = list(replacements)
        replaced = sum(self._replace_other(*pair) for pair in replacements if not pair[0].event_id)
        grouped = by_partition(
            [pair for pair in replacements if pair[0].event_id],
            lambda pair: ids.partition_of_event(pair[0].event_id),
        )
        for p, some in grouped.items():
            args: list[Argument] = [keys.prefix(p)]
            for old, new in some:
                args += [old.event_id, old.field, old.encrypted, new]
            slot = [keys.events(p, EventStatus.ACTIVE)]
            replaced += int(self._scripts("replace_secrets", slot, args))
        return replaced

    def _replace_other(self, old: EncryptedSecret, new: bytes) -> bool:
        if old.is_of_alert:
            return self._alerts.reseal(old.field, old.encrypted, new)
        before = self._tags.get(old.field)
        if before is None or before.encrypted != old.encrypted:
            return False
        return self._tags.replace(old.field, before, before._replace(encrypted=new))
