"""A claim schedules the successor itself if that is known, as if it had been computed after it."""

from __future__ import annotations

from collections import Counter

import pytest

from app.domain import ids
from app.domain.event import Event
from app.domain.options import EventOptions
from app.store import keys
from app.store.calls import Successor
from app.store.claims import Claim
from app.store.event_plans import KEEP, NOTHING, Plan
from tests.store.conftest import Stores
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

PERIOD_MS = 60_000


def claim(stores: Stores, now_ms: int, request: int = 1) -> Claim:
    partition = stores.partitions - 1
    (one,) = stores.work.claim(partition, b"w", request, now_ms=now_ms, limit=9, lease_ms=30_000)
    return one


def started(stores: Stores, known: int = 2) -> Event:
    """A series whose first occurrence was claimed; of those after the second, some are known."""
    event = an_event(partition=stores.partitions - 1, schedule=DAILY, tags=("red", "blue"))
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    stores.events.save(event, plan, None, NOW_MS)
    one = claim(stores, event.start_ms)
    assert one.recurring
    at_ms = event.start_ms + PERIOD_MS
    later = [at_ms + number * PERIOD_MS for number in range(1, known + 1)]
    successor = Successor(event.id, one.plan, event.start_ms, at_ms, at_ms, later)
    assert stores.work.schedule_successors([successor], event.start_ms).scheduled == 1
    return stores.events.get(event.id)


def what_is_wrong(stores: Stores) -> list[str]:
    return broken(stores.client, stores.partitions)


def waits_for_successor(stores: Stores, event: Event, now_ms: int) -> bool:
    found = stores.events.get(event.id)
    waits = list(stores.work.unscheduled(stores.partitions - 1, now_ms, 9)) == [event.id]
    assert waits == (found.next_ms is None)
    return waits


def test_a_claim_schedules_what_is_known_and_then_asks_for_more(stores: Stores) -> None:
    event = started(stores)
    second_ms = event.start_ms + PERIOD_MS
    for number in range(2):
        at_ms = second_ms + number * PERIOD_MS
        assert not claim(stores, at_ms, request=number + 2).recurring
        found = stores.events.get(event.id)
        assert found.next_ms == at_ms + PERIOD_MS
        ((_, last_ms),) = stores.events.progress([event.id])
        assert last_ms == at_ms
        following = ids.occurrence_id(event.id, at_ms + PERIOD_MS)
        partition = stores.partitions - 1
        assert following in stores.client.zrange(keys.tag_occurrences(partition, "red"), 0, -1)
        assert not waits_for_successor(stores, event, at_ms)
        assert what_is_wrong(stores) == []
    last_ms = second_ms + 2 * PERIOD_MS
    assert claim(stores, last_ms, request=4).recurring
    assert waits_for_successor(stores, event, last_ms)
    assert what_is_wrong(stores) == []


def test_a_claim_that_knows_it_takes_three_commands_for_each(stores: Stores) -> None:
    """It reads the event, says what is next, and has it listed what was claimed."""

    def calls() -> Counter[str]:
        stats = stores.client.info("commandstats")
        return Counter({name: one["calls"] for name, one in stats.items() if "eval" not in name})

    partition, at_ms = stores.partitions - 1, NOW_MS + PERIOD_MS
    for number in range(30):
        event_id = ids.EventIds().make(NOW_MS * 1000 + number, partition, 0)
        event = an_event(id=event_id, start_ms=NOW_MS, schedule=DAILY, tags=("red",))
        stores.events.save(event, Plan(scheduled_ms=NOW_MS, due_ms=NOW_MS), None, NOW_MS)
    first = stores.work.claim(partition, b"w", 1, now_ms=NOW_MS, limit=30, lease_ms=30_000)
    successors = [
        Successor(one.event_id, one.plan, NOW_MS, at_ms, at_ms, [at_ms + PERIOD_MS])
        for one in first
    ]
    assert stores.work.schedule_successors(successors, NOW_MS).scheduled == 30
    before = calls()
    assert len(stores.work.claim(partition, b"w", 2, now_ms=at_ms, limit=30, lease_ms=9)) == 30
    assert (calls() - before).total() <= 3 * 30 + 25
    assert what_is_wrong(stores) == []


def test_a_claim_that_is_repeated_answers_the_same_and_changes_nothing(stores: Stores) -> None:
    event = started(stores)
    at_ms = event.start_ms + PERIOD_MS
    one = claim(stores, at_ms, request=2)
    before = snapshot(stores.client)
    assert claim(stores, at_ms, request=2) == one
    assert snapshot(stores.client) == before


def test_what_is_past_is_left_to_the_misfire_policy(stores: Stores) -> None:
    event = started(stores)
    late_ms = event.start_ms + 2 * PERIOD_MS
    assert claim(stores, late_ms, request=2).recurring
    assert waits_for_successor(stores, event, late_ms)


def test_what_was_made_beside_the_schedule_is_passed_over(stores: Stores) -> None:
    event = started(stores)
    at_ms = event.start_ms + 2 * PERIOD_MS
    stores.events.add_occurrences(event, [(at_ms, at_ms)], NOW_MS)
    one = claim(stores, event.start_ms + PERIOD_MS, request=2)
    assert one.recurring
    assert waits_for_successor(stores, event, at_ms)
    assert what_is_wrong(stores) == []


@pytest.mark.parametrize("is_paused", [True, False])
def test_what_was_known_under_another_plan_is_forgotten(stores: Stores, *, is_paused: bool) -> None:
    event = started(stores)
    at_ms = event.start_ms + PERIOD_MS
    if is_paused:
        status = type(event.status)("paused")
        paused = event.changed(version=event.version + 1, status=status)
        stores.events.save(paused, NOTHING, event, NOW_MS)
        event = stores.events.get(event.id)
    changed = event.changed(version=event.version + 1, status=type(event.status)("active"))
    stores.events.save(changed, Plan(scheduled_ms=at_ms, due_ms=at_ms), event, NOW_MS)
    assert claim(stores, at_ms, request=2).recurring


def test_an_event_that_has_got_an_overlap_policy_is_asked_for_its_successor(
    stores: Stores,
) -> None:
    event = started(stores)
    changed = event.changed(version=event.version + 1, options=EventOptions({"overlap": "skip"}))
    stores.events.save(changed, KEEP, event, NOW_MS)
    assert claim(stores, event.start_ms + PERIOD_MS, request=2).recurring
    assert what_is_wrong(stores) == []


def test_the_end_of_a_series_leaves_nothing_known(stores: Stores) -> None:
    event = started(stores, known=0)
    one = claim(stores, event.start_ms + PERIOD_MS, request=2)
    last = Successor(event.id, one.plan, one.scheduled_ms, None)
    stores.work.schedule_successors([last], one.scheduled_ms)
    assert not stores.client.hexists(keys.event_of(event.id), "fol")
    assert what_is_wrong(stores) == []
