"""Messages to clients are attempts: passed on, failed or put off, and recorded as such.

``app.engine.senders`` has them sent beside what is sent by HTTP.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.delivery.live_message import read_passed
from app.domain.access import MASTER
from app.domain.action import Action
from app.domain.ids import to_text
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.services.queries import EventChanges
from app.store.live import WINDOW, Mailbox
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine, build_engine
from app.wiring.services import Services
from tests.api.application import settings_for
from tests.support.services import FakeDrains, FakeUpkeep

PATIENCE_MS = 10_000
PROCESS = "aa"
CLIENT = "c"


class Until(threading.Event):
    """Tells a drain to stop once a condition holds."""

    def __init__(self, done: Callable[[], bool]) -> None:
        super().__init__()
        self.done = done

    def is_set(self) -> bool:
        return self.done()


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    queues = Doubles(drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    made = build_engine(settings_for(store_url), queues)
    yield made
    made.close()


@pytest.fixture
def services(engine: Engine) -> Services:
    return engine.services


@pytest.fixture
def mailbox(services: Services) -> Iterator[Mailbox]:
    """That of a process with one connection of the client."""
    with contextlib.closing(services.storage.live.mailbox(PROCESS)) as made:
        services.storage.live.connect(CLIENT, f"{PROCESS}:1", None)
        yield made


def create(services: Services, **more: Any) -> bytes:
    """Create an event for the client that is due now."""
    given = {
        "name": "an event",
        "start_time": services.clock.now_ms(),
        "action": Action("websocket", {"client_name": CLIENT}),
        "tags": ("a",),
        "retry": {"attempts": 2, "delays": ["1h"]},
        **more,
    }
    return services.events.create(EventChanges(given), MASTER).id


def occurrence(services: Services, event_id: bytes) -> Occurrence:
    found = services.occurrences.of_event(to_text(event_id), MASTER, 10, None)
    return found.items[0]


def drain_until(engine: Engine, done: Callable[[], bool]) -> None:
    drain = engine.drains.new_drain()
    try:
        drain.run(time.time_ns() // 1_000_000 + PATIENCE_MS, Until(done))
    finally:
        drain.close(threading.Event())
    assert done(), "the drain did not get there"


def test_a_message_that_is_passed_on_waits_to_be_acknowledged(
    engine: Engine, services: Services, mailbox: Mailbox
) -> None:
    """For as long as an attempt may take, or as the event says."""
    short, long = create(services, timeout="7s"), create(services, ack_timeout="1h")

    def passed_on() -> bool:
        waits = [occurrence(services, one).ack_deadline_ms for one in (short, long)]
        return None not in waits

    drain_until(engine, passed_on)
    for event_id, limit_ms in ((short, 7_000), (long, 3_600_000)):
        found = occurrence(services, event_id)
        assert found.status is OccurrenceStatus.DISPATCHED
        assert found.ack_deadline_ms is not None
        left_ms = found.ack_deadline_ms - services.clock.now_ms()
        assert limit_ms - PATIENCE_MS < left_ms <= limit_ms
    mail = [read_passed(one) for one in mailbox.receive(1.0, 10) if one is not None]
    assert {one.occurrence_id for one in mail} == {
        to_text(occurrence(services, one).id) for one in (short, long)
    }
    assert all(b'"type":"event"' in one.text for one in mail)


def test_with_nobody_connected_the_attempt_has_failed(engine: Engine, services: Services) -> None:
    event_id = create(services)

    def has_failed() -> bool:
        return occurrence(services, event_id).status is OccurrenceStatus.RETRYING

    drain_until(engine, has_failed)
    found = occurrence(services, event_id)
    assert (found.attempt_count, found.status_code) == (1, None)
    assert found.error_message == "no client is connected as c whose token may have it"


def test_a_client_that_has_enough_is_left_alone_and_no_attempt_is_charged(
    engine: Engine, services: Services, mailbox: Mailbox
) -> None:
    services.storage.live.note_waiting(CLIENT, f"{PROCESS}:1", WINDOW)
    event_id = create(services)
    drain_until(engine, lambda: occurrence(services, event_id).deferral_count > 0)
    found = occurrence(services, event_id)
    assert (found.status, found.attempt_count) == (OccurrenceStatus.SCHEDULED, 0)
    assert "not acknowledged" in (found.deferral_reason or "")
    assert mailbox.receive(0.0, 10) == []


def test_a_drain_that_ends_breaks_off_what_it_has_not_sent(engine: Engine) -> None:
    sender = engine.drains.sender
    assert sender.in_flight == 0
    assert sender.abandon() == []
