"""Wiring of the thread of the upkeep process that tells alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from app.delivery.request import Identity
from app.domain.access import Access
from app.engine.alert_runner import AlertRunner
from app.engine.alert_sources import AlertSources
from app.services.event_lists import EventLists
from app.services.queries import EventQuery, TagFilter
from app.store.alert_signals import AlertSignals
from app.store.alert_watch import AlertWatchStore
from app.wiring.alerts import alert_sending
from app.wiring.storage import Storage
from app.wiring.views import event_lists


def alert_runner(storage: Storage, identity: Callable[[], Identity]) -> AlertRunner:
    """Make what looks for what alerts tell of, and sends it."""
    sources = AlertSources(
        AlertSignals(storage.client, storage.settings.partitions),
        storage.occurrences,
        storage.events,
        storage.breakers,
        storage.work,
        has_target(event_lists(storage, storage.crypto)),
    )
    return AlertRunner(
        storage.alerts,
        AlertWatchStore(storage.client),
        sources,
        alert_sending(storage, identity),
        storage.clock,
    )


def has_target(lists: EventLists) -> Callable[[str, Sequence[str]], bool]:
    """Return what tells whether any event with one of some tags has a target."""

    def concerns(target: str, tags: Sequence[str]) -> bool:
        host = urlsplit(target).hostname or target
        query = EventQuery(tags=TagFilter(tuple(tags)), target_host=host, limit=1)
        return bool(lists.page(query, Access("alerts", "read", frozenset(tags))).items)

    return concerns
