"""Wiring of what people look at: lists, overview, feed, forecast, copies of requests."""

from __future__ import annotations

from collections.abc import Callable

from app.delivery.request import Identity
from app.services.event_lists import EventLists
from app.services.feed import FeedService
from app.services.forecasts import GOOD_MS as FORECAST_GOOD_MS
from app.services.forecasts import ForecastService
from app.services.lateness_history import LatenessHistory
from app.services.occurrences import OccurrenceService
from app.services.overview import GOOD_DAY_MS, GOOD_MS, OverviewService
from app.services.request_copies import RequestCopyService
from app.services.shared_answers import SharedAnswers
from app.services.tag_secrets import TagSecretService
from app.store.event_looks import EventLooks
from app.store.lateness import LatenessLog
from app.store.names import NameIndex
from app.wiring.crypto import Crypto
from app.wiring.planning import Planning
from app.wiring.storage import Storage


def event_lists(storage: Storage, crypto: Crypto) -> EventLists:
    """Lists of events."""
    return EventLists(
        storage.events,
        storage.lists,
        NameIndex(storage.client, storage.scripts, storage.partitions),
        storage.terms,
        EventLooks(storage.client),
        crypto.cursors,
    )


def overview_service(storage: Storage, occurrences: OccurrenceService) -> OverviewService:
    """What has happened of late and what comes next."""
    return OverviewService(
        occurrences,
        storage.occurrences,
        storage.events,
        storage.lists,
        storage.figures,
        storage.former_names,
        storage.clock,
        SharedAnswers(storage.clock, GOOD_MS),
        LatenessLog(storage.client, storage.partitions),
        SharedAnswers(storage.clock, GOOD_DAY_MS),
    )


def lateness_history(storage: Storage) -> LatenessHistory:
    """What notes how late deliveries were."""
    log = LatenessLog(storage.client, storage.partitions)
    return LatenessHistory(log, storage.occurrences, storage.clock)


def feed_service(
    storage: Storage, planning: Planning, occurrences: OccurrenceService
) -> FeedService:
    """The iCalendar feed."""
    return FeedService(
        occurrences,
        storage.occurrences,
        storage.events,
        storage.former_names,
        storage.lists,
        storage.calendars,
        planning.timetables,
        storage.clock,
    )


def forecast_service(storage: Storage, planning: Planning) -> ForecastService:
    """What is planned for the next day."""
    return ForecastService(
        storage.samples,
        storage.events,
        planning.timetables,
        storage.clock,
        SharedAnswers(storage.clock, FORECAST_GOOD_MS),
    )


def request_copy_service(
    storage: Storage,
    crypto: Crypto,
    occurrences: OccurrenceService,
    tag_secrets: TagSecretService,
    identity: Callable[[], Identity],
) -> RequestCopyService:
    """Requests of occurrences, made once more to be looked at."""
    return RequestCopyService(
        occurrences,
        storage.events,
        crypto.signing_secrets,
        crypto.header_secrets,
        tag_secrets,
        identity,
        storage.clock,
    )
