"""Successors that are scheduled together: as each alone would be, with few commands for each."""

from __future__ import annotations

from collections import Counter

from app.domain import ids
from app.domain.event import Event
from app.domain.options import EventOptions
from app.store import keys
from app.store.calls import Successor, Unattempted
from app.store.event_plans import Plan
from tests.store.conftest import Stores
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

DAY_MS = 86_400_000


def begun(stores: Stores, count: int, **fields: object) -> list[Successor]:
    """Series of which the first occurrence is claimed, each with what follows."""
    partition = stores.partitions - 1
    for _ in range(count):
        event = an_event(partition=partition, schedule=DAILY, **fields)
        plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
        stores.events.save(event, plan, None, NOW_MS)
    claims = stores.work.claim(
        partition, b"w", 1, now_ms=event.start_ms, limit=count, lease_ms=30_000
    )
    return [
        Successor(one.event_id, one.plan, at, at + DAY_MS, at + DAY_MS)
        for one in claims
        if (at := one.scheduled_ms)
    ]


def successor(one: Successor) -> bytes:
    return ids.occurrence_id(one.event_id, one.scheduled_ms or 0)


def next_of(stores: Stores, one: Successor) -> int | None:
    event: Event = stores.events.get(one.event_id)
    return event.next_ms


def test_each_takes_two_commands_and_the_call_a_few(stores: Stores) -> None:
    """Its event is read and told; the rest is one command for all in one lane, with one tag."""

    def calls() -> Counter[str]:
        stats = stores.client.info("commandstats")
        return Counter({name: one["calls"] for name, one in stats.items() if "eval" not in name})

    every = begun(stores, 40, tags=("red",))
    lanes = len({ids.lane_of_event(one.event_id) for one in every})
    before = calls()
    assert stores.work.schedule_successors(every, NOW_MS).scheduled == 40
    assert (calls() - before).total() <= 2 * 40 + 10 + lanes
    assert broken(stores.client, stores.partitions) == []


def test_what_stands_in_the_way_of_one_does_not_concern_the_others(stores: Stores) -> None:
    """One has a record that it was skipped, one was claimed already, one waits for its time."""
    every = begun(stores, 6, tags=("red", "blue"))
    free, skipped, claimed, jittered, again, ends = every
    at_ms = free.scheduled_ms or 0
    note = Unattempted(skipped.event_id, at_ms, ("red", "blue"), "skipped", "a holiday")
    stores.work.record_unattempted([note], NOW_MS)
    stores.work.schedule_successors([claimed], NOW_MS)
    partition = stores.partitions - 1
    assert stores.work.claim(partition, b"w", 2, now_ms=at_ms, limit=9, lease_ms=30_000)
    stores.work.schedule_successors([again], NOW_MS)
    late = Successor(jittered.event_id, jittered.plan, jittered.before_ms, at_ms, at_ms + 5)
    over = Successor(ends.event_id, ends.plan, ends.before_ms, None)
    call = [free, skipped, claimed, late, again, over, free]
    answer = stores.work.schedule_successors(call, NOW_MS)
    assert (answer.scheduled, answer.passed) == (3, [claimed.event_id])
    assert [next_of(stores, one) for one in (free, skipped, late, again)] == [at_ms] * 4
    assert next_of(stores, claimed) is next_of(stores, ends) is None
    assert list(stores.work.unscheduled(partition, NOW_MS, 9)) == [claimed.event_id]
    waiting = {successor(one) for one in (free, skipped, late, again)}
    for index in (keys.tag_occurrences(partition, "red"), keys.tag_occurrences(partition, "blue")):
        assert waiting <= set(stores.client.zrange(index, 0, -1))
    assert broken(stores.client, stores.partitions) == []
    before = snapshot(stores.client)
    assert stores.work.schedule_successors(call, NOW_MS).scheduled == 0
    assert snapshot(stores.client) == before


def test_what_has_a_policy_or_a_flow_has_a_hash_beside_others_that_have_none(
    stores: Stores,
) -> None:
    (one,) = begun(stores, 1, options=EventOptions({"overlap": "skip"}))
    assert stores.work.schedule_successors([one], NOW_MS).scheduled == 1
    assert stores.client.exists(keys.occurrence_of(successor(one)))
    assert broken(stores.client, stores.partitions) == []
