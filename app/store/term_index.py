"""What the index of terms is complete in: all events can be found by it."""

from __future__ import annotations

from typing import cast

from app.store import keys
from app.store.connection import StoreClient
from app.store.fields import MetaField
from app.store.migrations.events_by_host import EVENTS_BY_HOST


class TermIndex:
    """Says by what all events can be found."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client
        self._knows_hosts = False

    def knows_hosts(self) -> bool:
        """Whether all are listed by host: not while an earlier version's events are listed."""
        if not self._knows_hosts:
            schema = cast("bytes | None", self._client.hget(keys.META.decode(), MetaField.SCHEMA))
            self._knows_hosts = int(schema or 0) >= EVENTS_BY_HOST.version
        return self._knows_hosts
