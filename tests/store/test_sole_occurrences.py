"""A one-time event need not list its occurrence, and whoever asks for its occurrences gets it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.event import Event, EventStatus
from app.store import keys
from app.store.calls import Deferral, Record
from app.store.claims import Claim
from app.store.event_plans import KEEP, Plan
from app.store.former_names import FormerNames
from app.store.redeliveries import RedeliveryStore
from app.store.sole_occurrences import sole_occurrence, unlisted
from tests.store.conftest import Stores
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken

LINE = b"1,1767225660000000,1,2,3,4,5,6,200,0\n"


def create(stores: Stores, **fields: object) -> Event:
    event = an_event(partition=stores.partitions - 1, **fields)
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    stores.events.save(event, plan, None, NOW_MS)
    return stores.events.get(event.id)


def claim(stores: Stores, event: Event) -> Claim:
    (one,) = stores.work.claim(
        stores.partitions - 1, b"w", 1, now_ms=event.start_ms, limit=9, lease_ms=30_000
    )
    return one


def ended(one: Claim, **fields: object) -> Record:
    return replace(
        Record(one.occurrence_id, one.token, "completed", 200, b"", None, None, LINE), **fields
    )


def listed(stores: Stores, event: Event) -> list[bytes]:
    """What its index lists; in any case its occurrences are these or one more."""
    partition = stores.partitions - 1
    found = stores.client.zrange(keys.event_occurrences(partition, event.id), 0, -1)
    apart = unlisted(stores.client, [event]).get(event.id)
    (last,) = stores.occurrences.last_of([event], 9)
    assert sorted(last) == sorted([*found, *([apart] if apart else [])])
    assert broken(stores.client, stores.partitions) == []
    return found


def last_of(stores: Stores, event: Event) -> list[bytes]:
    (found,) = stores.occurrences.last_of([event], 9)
    return found


def test_it_is_found_though_it_is_not_listed(stores: Stores) -> None:
    event = create(stores)
    assert last_of(stores, event) == []
    one = claim(stores, event)
    assert listed(stores, event) == []
    assert last_of(stores, event) == [one.occurrence_id] == [sole_occurrence(event)]
    stores.work.record([ended(one)], event.start_ms + 3)
    assert listed(stores, event) == []
    assert last_of(stores, event) == [one.occurrence_id]
    assert stores.work.delete_ended(stores.partitions - 1, event.start_ms + 4, 9) == 1
    assert last_of(stores, event) == []


@pytest.mark.parametrize("verdict", ["retrying", "dispatched"])
def test_it_is_listed_once_it_waits_after_its_first_attempt(stores: Stores, verdict: str) -> None:
    event = create(stores)
    one = claim(stores, event)
    record = ended(one, verdict=verdict, next_attempt_ms=event.start_ms + 900)
    stores.work.record([record], event.start_ms + 3)
    assert listed(stores, event) == [one.occurrence_id]
    stores.events.delete(stores.events.get(event.id), any_version=True, now_ms=event.start_ms + 4)
    assert stores.occurrences.get(one.occurrence_id).status == "cancelled"
    assert listed(stores, event) == [one.occurrence_id]


def test_it_is_listed_once_it_was_returned_unsent(stores: Stores) -> None:
    event = create(stores)
    one = claim(stores, event)
    back = Deferral(one.occurrence_id, one.token, event.start_ms + 500, "busy")
    stores.work.release([back], event.start_ms + 1)
    assert listed(stores, event) == [one.occurrence_id]


def test_it_is_listed_once_its_worker_has_died(stores: Stores) -> None:
    event = create(stores)
    one = claim(stores, event)
    assert stores.work.reclaim_expired(stores.partitions - 1, event.start_ms + 30_000) == 1
    assert listed(stores, event) == [one.occurrence_id]


def test_it_is_listed_once_it_is_redelivered(stores: Stores) -> None:
    event = create(stores)
    one = claim(stores, event)
    stores.work.record([ended(one, verdict="failed")], event.start_ms + 3)
    assert listed(stores, event) == []
    redeliveries = RedeliveryStore(stores.client, stores.work._scripts)
    wanted = [(one.occurrence_id, event.start_ms + 5)]
    assert redeliveries.redeliver(wanted, "r", event.start_ms + 5, MASTER) == ["retried"]
    assert listed(stores, event) == [one.occurrence_id]


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("how", ["keep", "move", "delete"])
def test_it_is_listed_before_its_event_is_changed(stores: Stores, how: str, is_over: bool) -> None:
    """It would not follow from its event any more; and a former name is kept of what has run."""
    event = create(stores)
    one = claim(stores, event)
    if is_over:
        stores.work.record([ended(one)], event.start_ms + 3)
    old, now_ms = stores.events.get(event.id), event.start_ms + 4
    moved = old.changed(version=old.version + 1, name="other", start_ms=old.start_ms + 5_000)
    if how == "delete":
        stores.events.delete(old, any_version=True, now_ms=now_ms)
    elif how == "move":
        plan = Plan(scheduled_ms=moved.start_ms, due_ms=moved.start_ms)
        stores.events.save(moved.changed(status=EventStatus.ACTIVE), plan, old, now_ms)
    else:
        stores.events.save(old.changed(version=old.version + 1, name="other"), KEEP, old, now_ms)
    assert listed(stores, event) == [one.occurrence_id]
    ((name,),) = FormerNames(stores.client).of_many([event.id])
    assert name.name == "an event"


def test_one_that_is_not_claimed_is_not_listed_when_its_event_changes(stores: Stores) -> None:
    event = create(stores)
    changed = event.changed(version=event.version + 1, name="other")
    stores.events.save(changed, KEEP, event, NOW_MS)
    assert listed(stores, event) == []
    assert last_of(stores, event) == []


def test_others_of_its_event_are_listed_beside_it(stores: Stores) -> None:
    event = create(stores)
    one = claim(stores, event)
    stores.work.record([ended(one)], event.start_ms + 3)
    times = [event.start_ms - 5, event.start_ms + 5]
    assert stores.events.add_occurrences(event, [(at, at) for at in times], NOW_MS) == 2
    before, after = (ids.occurrence_id(event.id, at) for at in times)
    assert listed(stores, event) == [before, after]
    assert last_of(stores, event) == [after, one.occurrence_id, before]


def test_one_that_an_earlier_version_has_listed_is_found_once(stores: Stores) -> None:
    event = create(stores)
    one = claim(stores, event)
    index = keys.event_occurrences(stores.partitions - 1, event.id)
    stores.client.zadd(index, {one.occurrence_id: event.start_ms})
    stores.work.record([ended(one)], event.start_ms + 3)
    assert listed(stores, event) == last_of(stores, event) == [one.occurrence_id]


def test_those_of_a_series_are_listed(stores: Stores) -> None:
    event = create(stores, schedule=DAILY)
    one = claim(stores, event)
    assert listed(stores, event) == [one.occurrence_id]
    assert sole_occurrence(event) is None
    assert sole_occurrence(None) is None
