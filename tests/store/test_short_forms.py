"""An occurrence that has a short form in place of a hash is like any other to everybody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.event import Event
from app.domain.options import EventOptions
from app.store import keys
from app.store.attempts import read_line
from app.store.calls import Deferral, Record, Successor
from app.store.claims import Claim
from app.store.event_plans import KEEP, Plan
from app.store.fields import OccurrenceField
from app.store.redeliveries import RedeliveryStore
from app.store.short_forms import read_occurrences
from app.store.waiting import WaitingStore
from tests.store.conftest import Stores
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

DAY_MS = 86_400_000
SAID = [
    one
    for one in OccurrenceField
    if one
    not in (
        OccurrenceField.EVENT,
        OccurrenceField.LEASE,
        OccurrenceField.CHANGED,
        OccurrenceField.DEATHS,
    )
]
LINE = b"1,1767225660000000,1,2,3,4,5,6,200,0\n"


def create(stores: Stores, *, ahead_ms: int = 0, now_ms: int = NOW_MS, **fields: object) -> Event:
    """An event in the last partition, which is due so long after its start."""
    event = an_event(partition=stores.partitions - 1, **fields)
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms + ahead_ms)
    stores.events.save(event, plan, None, now_ms)
    return stores.events.get(event.id)


def claim(stores: Stores, now_ms: int, request: int = 1) -> list[Claim]:
    return stores.work.claim(
        stores.partitions - 1, b"w", request, now_ms=now_ms, limit=9, lease_ms=30_000
    )


def next_of(event: Event) -> bytes:
    return ids.occurrence_id(event.id, event.start_ms)


def has_hash(stores: Stores, occurrence: bytes) -> bool:
    """Whether it has one; it has either that or a short form."""
    has = bool(stores.client.exists(keys.occurrence_of(occurrence)))
    assert has != stores.client.hexists(keys.fresh(stores.partitions - 1), occurrence)
    assert broken(stores.client, stores.partitions) == []
    return has


def ended(one: Claim, **fields: object) -> Record:
    record = Record(one.occurrence_id, one.token, "completed", 200, b"", None, None, LINE)
    return replace(record, **fields)


def give_hash(stores: Stores, occurrence: bytes) -> None:
    """Nothing is lost of it: it has its place. But who restores it wants a hash."""
    stores.work.restore(stores.partitions - 1, [occurrence], NOW_MS)
    assert has_hash(stores, occurrence)


def test_it_keeps_a_short_form_if_its_first_attempt_completes_it(stores: Stores) -> None:
    event = create(stores)
    assert not has_hash(stores, next_of(event))
    (one,) = claim(stores, event.start_ms)
    assert not has_hash(stores, one.occurrence_id)
    assert stores.work.record([ended(one)], event.start_ms + 3) == 1
    assert not has_hash(stores, one.occurrence_id)


def test_it_is_read_as_if_it_had_a_hash(stores: Stores) -> None:
    event = create(stores, now_ms=NOW_MS + 5)
    one_id = next_of(event)
    before = stores.occurrences.get(one_id)
    assert (before.status, before.event_id, before.tags) == ("scheduled", event.id, event.tags)
    give_hash(stores, one_id)
    assert stores.occurrences.get(one_id) == before


def test_an_attempt_under_way_is_read_as_if_it_had_a_hash(stores: Stores) -> None:
    event = create(stores)
    (one,) = claim(stores, event.start_ms + 7)
    before = stores.occurrences.get(one.occurrence_id)
    assert (before.status, before.attempt_count) == ("dispatched", 1)
    assert before.started_ms == before.changed_ms == event.start_ms + 7
    (opened,) = WaitingStore(stores.client).read([one.occurrence_id])
    assert opened is not None
    assert opened.claim.token == one.token
    give_hash(stores, one.occurrence_id)
    assert stores.occurrences.get(one.occurrence_id) == before
    assert WaitingStore(stores.client).read([one.occurrence_id]) == [opened]
    assert stores.work.record([ended(one)], event.start_ms + 9) == 1
    assert has_hash(stores, one.occurrence_id)


@pytest.mark.parametrize("body", [b"", b"ok", b"\xff\t\n,=\0"])
def test_it_ends_as_if_it_had_a_hash(stores: Stores, body: bytes) -> None:
    """It says the same in the end, but for an empty lease, and its end as a change."""
    found, attempts, told = [], [], []
    for number in range(2):
        event = create(stores)
        (one,) = claim(stores, event.start_ms, request=number + 1)
        if number:
            give_hash(stores, one.occurrence_id)
            # (It keeps the hash, as there is something to say of its past.)
            stores.client.hset(keys.occurrence_of(one.occurrence_id), OccurrenceField.DEATHS, 0)
        record = ended(one, started_ms=event.start_ms + 1, response_body=body)
        stores.work.record([record], event.start_ms + 3)
        assert has_hash(stores, one.occurrence_id) == bool(number)
        found += read_occurrences(stores.client, [one.occurrence_id], SAID)
        attempts.append(stores.occurrences.attempts(one.occurrence_id))
        occurrence = stores.occurrences.get(one.occurrence_id)
        told.append(replace(occurrence, id=b"", event_id=b""))
    assert told[0].changed_ms == told[0].completed_ms == event.start_ms + 3
    assert attempts[0] == attempts[1] == [read_line(LINE)]
    assert (found[0], told[0]) == (found[1], told[1])


@pytest.mark.parametrize(
    ("fields", "at_ms"),
    [
        ({"error_message": "no"}, 3),
        ({"verdict": "failed"}, 3),
        ({"callback_id": b"c" * 16}, 3),
        ({"status_code": None}, 3),
        ({"log_line": LINE.replace(b",200,0", b',200,0,"said"')}, 3),
        ({"log_line": LINE.replace(b"000000,", b"000007,")}, 3),
        ({"started_ms": 1}, 3),
        ({}, -1),
    ],
)
def test_an_end_with_more_to_say_has_a_hash(
    stores: Stores, fields: dict[str, Any], at_ms: int
) -> None:
    event = create(stores)
    (one,) = claim(stores, event.start_ms)
    assert stores.work.record([ended(one, **fields)], event.start_ms + at_ms) == 1
    assert has_hash(stores, one.occurrence_id) or "callback_id" in fields
    assert stores.client.exists(keys.occurrence_of(one.occurrence_id))
    assert not stores.client.exists(keys.endings(stores.partitions - 1))


@pytest.mark.parametrize("overlap", ["allow", "skip", "cancel_previous"])
def test_what_had_a_hash_gets_a_short_form_if_its_first_attempt_completes_it(
    stores: Stores, overlap: str
) -> None:
    event = create(stores, schedule=DAILY, options={"overlap": overlap})
    (one,) = claim(stores, event.start_ms)
    if overlap == "allow":
        give_hash(stores, one.occurrence_id)
    assert has_hash(stores, one.occurrence_id)
    record = ended(one, started_ms=event.start_ms)
    assert stores.work.record([record, record], event.start_ms + 3) == 1
    assert not has_hash(stores, one.occurrence_id)
    before = snapshot(stores.client)
    assert stores.work.record([record], event.start_ms + 4) == 0
    assert snapshot(stores.client) == before
    assert stores.occurrences.attempts(one.occurrence_id) == [read_line(LINE)]


def test_what_is_not_the_schedules_own_keeps_its_hash(stores: Stores) -> None:
    event = create(stores)
    at_ms = event.start_ms - 5
    stores.events.add_occurrences(event, [(at_ms, at_ms)], NOW_MS)
    (one,) = claim(stores, at_ms)
    line = LINE.replace(b"%d" % event.start_ms, b"%d" % at_ms)
    assert stores.work.record([ended(one, started_ms=at_ms, log_line=line)], at_ms + 3) == 1
    assert has_hash(stores, one.occurrence_id)


def test_what_has_completed_stays_so_whoever_comes_late(stores: Stores) -> None:
    event, partition = create(stores, schedule=DAILY), stores.partitions - 1
    (one,) = claim(stores, event.start_ms)
    assert stores.work.record([ended(one)], event.start_ms + 3) == 1
    before = snapshot(stores.client)
    unsent = ended(one, verdict="cancelled", log_line=b"")
    assert stores.work.record([ended(one), unsent], event.start_ms + 9) == 0
    assert stores.work.renew([(one.occurrence_id, one.token)], 10**14) == 0
    back = Deferral(one.occurrence_id, one.token, event.start_ms + 500, "busy")
    assert stores.work.release([back], event.start_ms + 9) == 0
    assert stores.work.restore(partition, [one.occurrence_id], event.start_ms + 9) == 0
    assert claim(stores, event.start_ms + 9, request=1) == []  # asked again
    added = [(event.start_ms, event.start_ms)]
    assert stores.events.add_occurrences(event, added, event.start_ms + 9) == 0
    redeliveries = RedeliveryStore(stores.client, stores.work._scripts)
    wanted = [(one.occurrence_id, event.start_ms + 9)]
    assert redeliveries.redeliver(wanted, "r", event.start_ms + 9, MASTER) == ["completed"]
    assert snapshot(stores.client) == before


def test_a_series_goes_on_after_a_successor_that_has_completed(stores: Stores) -> None:
    event = create(stores, schedule=DAILY)
    second_ms = event.start_ms + DAY_MS
    (one,) = claim(stores, event.start_ms)
    following = Successor(event.id, one.plan, event.start_ms, second_ms, second_ms)
    stores.work.schedule_successors([following], event.start_ms)
    (two,) = claim(stores, second_ms, request=2)
    line = LINE.replace(b"%d" % event.start_ms, b"%d" % second_ms)
    assert stores.work.record([ended(two, log_line=line)], second_ms + 3) == 1
    assert not has_hash(stores, two.occurrence_id)
    assert stores.work.schedule_successors([following], second_ms + 4).passed == [event.id]


def test_a_series_ends_if_its_last_has_completed(stores: Stores) -> None:
    event = create(stores, schedule=DAILY)
    (one,) = claim(stores, event.start_ms)
    stores.work.record([ended(one)], event.start_ms + 3)
    last = Successor(event.id, one.plan, event.start_ms, None)
    stores.work.schedule_successors([last], event.start_ms + 4)
    assert stores.events.get(event.id).status == "inactive"
    assert broken(stores.client, stores.partitions) == []


def test_those_that_ended_together_are_deleted_together(stores: Stores) -> None:
    """More than were asked for, if need be; those that ended later stay."""
    events, partition = [create(stores, tags=("red",)) for _ in range(4)], stores.partitions - 1
    start_ms = events[0].start_ms
    first, *rest = claim(stores, start_ms)
    stores.work.record([ended(first)], start_ms + 3)
    stores.work.record([ended(one) for one in rest], start_ms + 4)
    assert stores.client.zcard(keys.endings(partition)) == 2
    assert stores.work.delete_ended(partition, start_ms + 3, 9) == 0
    assert stores.work.delete_ended(partition, start_ms + 4, 9) == 1
    assert broken(stores.client, stores.partitions) == []
    assert stores.work.delete_ended(partition, start_ms + 5, 2) == 3
    assert stores.work.delete_ended(partition, start_ms + 5, 2) == 0
    assert broken(stores.client, stores.partitions) == []
    for key in (keys.fresh(partition), keys.tag_occurrences(partition, "red")):
        assert not stores.client.exists(key)


@pytest.mark.parametrize(
    ("fields", "ahead_ms"),
    [
        ({"options": {"flow": {"key": "a"}, "flow_space": ""}}, 0),
        ({"schedule": DAILY, "options": {"overlap": "skip"}}, 0),
        ({}, 5),
    ],
)
def test_what_has_more_to_say_has_a_hash(
    stores: Stores, fields: dict[str, object], ahead_ms: int
) -> None:
    event = create(stores, ahead_ms=ahead_ms, **fields)
    assert has_hash(stores, next_of(event))


def test_one_whose_event_has_got_a_flow_gets_a_hash_when_it_waits(stores: Stores) -> None:
    event = create(stores)
    changed = event.changed(
        version=event.version + 1,
        options=EventOptions({"flow": {"key": "a"}, "flow_space": ""}),
    )
    stores.events.save(changed, KEEP, event, NOW_MS)
    assert claim(stores, event.start_ms) == []
    assert has_hash(stores, next_of(event))
    assert stores.occurrences.get(next_of(event)).status == "scheduled"


def test_a_lease_is_renewed_and_one_that_was_lost_counts_no_more(stores: Stores) -> None:
    event = create(stores)
    (one,) = claim(stores, event.start_ms)
    late_ms = event.start_ms + 90_000
    assert stores.work.renew([(one.occurrence_id, b"another"), (one.occurrence_id, one.token)],
                             late_ms) == 1  # fmt: skip
    partition = stores.partitions - 1
    assert stores.work.reclaim_expired(partition, late_ms - 1) == 0
    assert stores.work.reclaim_expired(partition, late_ms) == 1
    assert has_hash(stores, one.occurrence_id)
    before = snapshot(stores.client)
    assert stores.work.record([ended(one)], late_ms + 3) == 0
    assert snapshot(stores.client) == before
    (again,) = claim(stores, late_ms, request=2)
    assert (again.attempt, again.deaths) == (2, 1)


def test_one_that_is_returned_unsent_gets_a_hash(stores: Stores) -> None:
    event = create(stores)
    (one,) = claim(stores, event.start_ms)
    back = Deferral(one.occurrence_id, one.token, event.start_ms + 500, "busy")
    assert stores.work.release([back], event.start_ms + 1) == 1
    assert has_hash(stores, one.occurrence_id)
    (again,) = claim(stores, event.start_ms + 500, request=2)
    assert (again.attempt, again.deferred) == (1, 1)


@pytest.mark.parametrize("verdict", ["retrying", "dispatched", "failed"])
def test_every_outcome_of_the_first_attempt_is_recorded(stores: Stores, verdict: str) -> None:
    event = create(stores)
    (one,) = claim(stores, event.start_ms)
    at_ms = event.start_ms + 900
    moment = None if verdict == "failed" else at_ms
    record = ended(one, verdict=verdict, next_attempt_ms=moment, error_message="no")
    assert stores.work.record([record, record], event.start_ms + 3) == 1
    assert has_hash(stores, one.occurrence_id)
    assert stores.occurrences.get(one.occurrence_id).status == verdict


def test_an_attempt_that_was_not_made_is_not_counted(stores: Stores) -> None:
    event = create(stores)
    (one,) = claim(stores, event.start_ms)
    stores.work.record([ended(one, verdict="failed", log_line=b"")], event.start_ms + 3)
    assert has_hash(stores, one.occurrence_id)
    found = stores.occurrences.get(one.occurrence_id)
    assert (found.attempt_count, found.started_ms) == (0, None)


def test_the_record_has_the_tags_that_it_was_claimed_with(stores: Stores) -> None:
    event = create(stores, tags=("red",))
    (one,) = claim(stores, event.start_ms)
    claimed = stores.events.get(event.id)
    changed = claimed.changed(version=claimed.version + 1, tags=("green",))
    stores.events.save(changed, KEEP, claimed, event.start_ms)
    stores.work.record([ended(one)], event.start_ms + 3)
    assert stores.occurrences.get(one.occurrence_id).tags == ("red",)
    assert broken(stores.client, stores.partitions) == []


def test_it_goes_with_its_event_and_what_is_under_way_is_recorded(stores: Stores) -> None:
    one, other = create(stores), create(stores)
    stores.events.delete(one, any_version=True, now_ms=NOW_MS)
    assert stores.occurrences.get(next_of(one)).status == "cancelled"
    (claimed,) = claim(stores, other.start_ms)
    stores.events.delete(stores.events.get(other.id), any_version=True, now_ms=NOW_MS)
    assert not has_hash(stores, claimed.occurrence_id)
    assert stores.work.record([ended(claimed)], other.start_ms + 3) == 1
    assert not has_hash(stores, claimed.occurrence_id)


def test_a_series_does_not_end_before_its_last_is_over(stores: Stores) -> None:
    event = create(stores, schedule=DAILY)
    (one,) = claim(stores, event.start_ms)
    last = Successor(event.id, one.plan, event.start_ms, None)
    stores.work.schedule_successors([last], event.start_ms)
    assert stores.events.get(event.id).status == "active"
    stores.work.record([ended(one)], event.start_ms + 3)
    assert stores.events.get(event.id).status == "inactive"
    assert broken(stores.client, stores.partitions) == []


def test_a_successor_is_stored_in_short_form_once(stores: Stores) -> None:
    event = create(stores, schedule=DAILY)
    (one,) = claim(stores, event.start_ms)
    following_ms = event.start_ms + DAY_MS
    following = Successor(event.id, one.plan, event.start_ms, following_ms, following_ms)
    assert stores.work.schedule_successors([following], event.start_ms).scheduled == 1
    before = snapshot(stores.client)
    assert stores.work.schedule_successors([following], event.start_ms).scheduled == 0
    assert snapshot(stores.client) == before
    assert not has_hash(stores, ids.occurrence_id(event.id, following_ms))


def test_what_has_not_ended_is_not_redelivered(stores: Stores) -> None:
    event = create(stores)
    redeliveries = RedeliveryStore(stores.client, stores.work._scripts)
    wanted = [(next_of(event), NOW_MS), (ids.occurrence_id(event.id, 1), NOW_MS)]
    assert redeliveries.redeliver(wanted, "r", NOW_MS, MASTER) == ["open", "unknown"]
    (candidate,) = redeliveries.candidates([next_of(event)])
    assert candidate.ended_ms is None


def test_one_that_an_earlier_version_took_away_is_not_sent(stores: Stores) -> None:
    """It takes away what it knows of: the places, not the short form."""
    event, partition = create(stores, tags=()), stores.partitions - 1
    stores.client.zrem(keys.occurrences(partition, "scheduled"), next_of(event))
    stores.client.hset(keys.event_of(event.id), "next", event.start_ms + DAY_MS)
    assert claim(stores, event.start_ms) == []
    assert not stores.client.exists(keys.fresh(partition))


def test_one_that_an_earlier_version_took_away_may_come_back(stores: Stores) -> None:
    event, partition = create(stores, tags=()), stores.partitions - 1
    for index in (keys.occurrences(partition, "scheduled"), keys.due_of(event.id)):
        stores.client.zrem(index, next_of(event))
    stores.client.delete(keys.lanes(partition))
    stores.client.hdel(keys.event_of(event.id), "next")
    old = stores.events.get(event.id)
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    stores.events.save(old.changed(version=old.version + 1), plan, old, NOW_MS)
    assert not has_hash(stores, next_of(event))
    assert [one.occurrence_id for one in claim(stores, event.start_ms)] == [next_of(event)]


@pytest.mark.parametrize("token", [b"another", None])
def test_two_outcomes_in_one_call_are_recorded_once(stores: Stores, token: bytes | None) -> None:
    """The first, of an attempt that was not made, may be under a lease that is lost."""
    event = create(stores)
    (one,) = claim(stores, event.start_ms)
    unsent = ended(one, token=token or one.token, verdict="cancelled", log_line=b"")
    again = [unsent, ended(one)]
    assert stores.work.record(again, event.start_ms + 3) == 1
    assert has_hash(stores, one.occurrence_id) == (token is None)
    before = snapshot(stores.client)
    assert stores.work.record(again, event.start_ms + 4) == 0
    assert snapshot(stores.client) == before
