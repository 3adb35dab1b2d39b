"""Deletions that can be undone: nothing of the event is lost, and nothing is sent meanwhile.

They are put together in ``app.wiring.acts``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.domain.access import MASTER, Access
from app.domain.event import Event, EventStatus
from app.domain.ids import to_text
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.pause import Pause
from app.errors import Conflict, Forbidden, NotFound, StoreUnavailable
from app.services.audit import AuditQuery
from app.services.deletions import UNDO_MS
from app.services.queries import EventChanges, OccurrenceQuery
from app.store.calls import Record
from app.wiring.engine import Engine
from app.wiring.services import Services
from tests.support.builders import DAILY
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken
from tests.support.services import HOUR_MS

Create = Callable[..., Event]
MINUTELY = {"frequency": "minutely"}
SECOND_MS, MINUTE_MS = 1_000, 60_000


@pytest.fixture(autouse=True)
def _sound_store(services: Services):
    yield
    assert broken(services.storage.client, services.settings.partitions) == []


def ask(services: Services, event: Event, access: Access = MASTER) -> Event:
    return services.deletions.ask(to_text(event.id), access, "ann", "jti-1")


def undo(services: Services, event: Event, access: Access = MASTER) -> Event:
    return services.deletions.undo(to_text(event.id), access)


def occurrences(services: Services, event: Event) -> dict[int, str]:
    query = OccurrenceQuery(event_id=to_text(event.id))
    found = services.occurrences.list(query, MASTER).items
    return {one.scheduled_ms: one.status.value for one in found}


def read(services: Services, event: Event) -> Event:
    return services.events.get(to_text(event.id), MASTER)


def test_it_is_paused_at_once_and_deleted_when_it_can_not_be_undone_any_more(
    services: Services, engine: Engine, create: Create, clock: FakeClock
) -> None:
    event = create(schedule=DAILY)
    pending = ask(services, event)
    assert (pending.status, pending.next_ms) == (EventStatus.PAUSED, None)
    clock.advance(UNDO_MS - 1)
    engine.upkeep.recover()
    assert read(services, event).status is EventStatus.PAUSED
    clock.advance(1)
    engine.upkeep.recover()
    with pytest.raises(NotFound):
        read(services, event)
    with pytest.raises(NotFound):
        undo(services, event)
    query = AuditQuery(object=to_text(event.id), action="event.delete")
    ((entry,), _) = services.audit.page(query)
    told = json.loads(entry)
    assert (told["actor"], told["token"], told["before"]["name"]) == ("ann", "jti-1", event.name)
    assert services.storage.client.hlen("qh:{audit}:intents") == 0


def test_undone_it_is_as_it_was_and_is_not_deleted_later(
    services: Services, engine: Engine, create: Create, clock: FakeClock
) -> None:
    event = create(schedule=DAILY, tags=("red",))
    ask(services, event)
    clock.advance(SECOND_MS)
    restored = undo(services, event)
    same = replace(restored, version=event.version, updated_ms=event.updated_ms)
    assert same == read(services, event).changed(version=event.version, updated_ms=event.updated_ms)
    assert (restored.status, restored.next_ms) == (event.status, event.next_ms)
    assert restored.options == event.options
    clock.advance(2 * UNDO_MS)
    engine.upkeep.recover()
    assert read(services, event) == restored
    with pytest.raises(Conflict, match="Nobody has asked"):
        undo(services, event)


def test_what_fell_due_meanwhile_is_scheduled_when_it_is_undone(
    services: Services, create: Create, clock: FakeClock
) -> None:
    event = create(schedule=MINUTELY)
    assert event.next_ms is not None
    clock.advance(event.next_ms - SECOND_MS - clock.ms)
    ask(services, event)
    clock.advance(10 * SECOND_MS)
    assert undo(services, event).next_ms == event.next_ms < clock.ms


def test_what_was_due_already_ends_as_cancelled_and_is_delivered_after_all_when_undone(
    services: Services, create: Create, clock: FakeClock
) -> None:
    event = create(schedule=MINUTELY)
    due_ms = event.next_ms
    assert due_ms is not None
    clock.advance(due_ms + SECOND_MS - clock.ms)  # no worker has come by
    ask(services, event)
    assert occurrences(services, event) == {due_ms: "cancelled"}
    restored = undo(services, event)
    assert restored.next_ms == due_ms + MINUTE_MS
    assert occurrences(services, event)[due_ms] == OccurrenceStatus.RETRYING


def test_an_undoing_that_broke_off_can_be_made_again_and_nothing_stays_cancelled(
    services: Services, create: Create, clock: FakeClock
) -> None:
    event = create(schedule=MINUTELY)
    due_ms = event.next_ms
    assert due_ms is not None
    clock.advance(due_ms + SECOND_MS - clock.ms)
    ask(services, event)

    def break_off(one: Occurrence, access: Access) -> object:
        raise StoreUnavailable

    broken_off = replace(services.deletions, redeliver=break_off)
    with pytest.raises(StoreUnavailable):
        broken_off.undo(to_text(event.id), MASTER)
    assert read(services, event).status is EventStatus.PAUSED
    assert undo(services, event).status is EventStatus.ACTIVE
    assert occurrences(services, event)[due_ms] == OccurrenceStatus.RETRYING


def test_a_pause_that_it_had_is_there_again(services: Services, create: Create) -> None:
    event = create(schedule=DAILY)
    until = NOW_MS + HOUR_MS
    services.actions.pause(to_text(event.id), MASTER, until, "maintenance")
    ask(services, event)
    assert undo(services, event).options.pause == Pause(until, "maintenance")


def test_one_that_has_run_is_inactive_again(
    services: Services, create: Create, clock: FakeClock
) -> None:
    event = create()
    services.events.update(
        to_text(event.id), EventChanges({"status": EventStatus.INACTIVE}), MASTER, None
    )
    ask(services, event)
    assert undo(services, event).status is EventStatus.INACTIVE


def test_a_one_time_event_whose_attempt_was_under_way_has_run(
    services: Services, create: Create, clock: FakeClock
) -> None:
    event = create()
    clock.advance(HOUR_MS)
    (claim,) = [
        claim
        for partition in range(services.settings.partitions)
        for claim in services.storage.work.claim(
            partition, b"w", clock.ms, now_ms=clock.ms, limit=9, lease_ms=30_000
        )
    ]
    ask(services, event)
    record = Record(claim.occurrence_id, claim.token, "completed", 200, b"", None, None, b"")
    services.storage.work.record([record], clock.ms)
    assert undo(services, event).status is EventStatus.INACTIVE
    assert list(occurrences(services, event).values()) == ["completed"]


def test_whoever_resumes_or_pauses_it_meanwhile_has_decided_otherwise(
    services: Services, engine: Engine, create: Create, clock: FakeClock
) -> None:
    resumed, paused = create(schedule=DAILY), create(schedule=DAILY)
    for one in (resumed, paused):
        ask(services, one)
    services.actions.resume(to_text(resumed.id), MASTER)
    services.actions.pause(to_text(paused.id), MASTER, None, "not yet")
    clock.advance(2 * UNDO_MS)
    engine.upkeep.recover()
    assert read(services, resumed).status is EventStatus.ACTIVE
    assert read(services, paused).options.pause == Pause(None, "not yet")


def test_asking_twice_changes_nothing_and_strangers_can_do_neither(
    services: Services, create: Create
) -> None:
    event = create(schedule=DAILY, tags=("red",))
    stranger = Access("reader", "read_write", frozenset({"blue"}))
    partly = Access("reader", "read_write", frozenset({"red"}))
    first = ask(services, event)
    assert ask(services, event) == first
    with pytest.raises(NotFound):
        undo(services, event, stranger)
    mixed = create(schedule=DAILY, tags=("red", "blue"))
    with pytest.raises(Forbidden):
        ask(services, mixed, partly)
