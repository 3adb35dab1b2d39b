"""Wiring of the thread of the upkeep process that tells alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from app.delivery.request import Identity
from app.domain.access import Access
from app.engine.alert_runner import AlertRunner
from app.engine.alert_sources import AlertSources
from app.engine.target_limits import target_of
from app.services.event_lists import EventLists
from app.services.problems.problem import Problem
from app.services.queries import EventQuery, TagFilter
from app.store.alert_signals import AlertSignals
from app.store.alert_watch import AlertWatchStore
from app.store.shards import Shards
from app.wiring.alerts import alert_sending
from app.wiring.storage import Storage
from app.wiring.views import event_lists

COMPARED = 20
"""How many events with a target's host are compared with it."""


def alert_runner(
    storage: Storage,
    identity: Callable[[], Identity],
    problems: Callable[[], Iterable[Problem]] = tuple,
    burning: Callable[[], Mapping[str, str]] = dict,
) -> AlertRunner:
    """Make what looks for what alerts tell of, and sends it.

    ``problems`` are those of the instance now, ``burning`` the tags whose error budget burns.
    """
    sources = AlertSources(
        AlertSignals(storage.client, storage.partitions),
        storage.occurrences,
        storage.events,
        storage.breakers,
        storage.work,
        has_target(event_lists(storage, storage.crypto)),
        lambda: {one.code.value: one.message for one in problems()},
        burning,
    )
    return AlertRunner(
        storage.alerts,
        AlertWatchStore(storage.client),
        sources,
        alert_sending(storage, identity),
        storage.clock,
        Shards(storage.client, storage.partitions),
    )


def has_target(lists: EventLists) -> Callable[[str, Sequence[str]], bool]:
    """Return what tells whether any event with one of some tags has a target.

    Events are found by their hosts. Of more than ``COMPARED`` one is taken to have the target.
    """

    def concerns(target: str, tags: Sequence[str]) -> bool:
        host = urlsplit(target).hostname or target
        query = EventQuery(tags=TagFilter(tuple(tags)), target_host=host, limit=COMPARED)
        page = lists.page(query, Access("alerts", "read", frozenset(tags)))
        # Another port is another target, which perhaps only others have.
        has = any(target_of(one.action.target) == target for one in page.items)
        return has or page.next_cursor is not None

    return concerns
