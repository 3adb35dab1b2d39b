"""The scripts against a model in plain Python: whatever is called, in whatever order.

The model says in dictionaries what an event and an occurrence are after each call. After each
step all that it knows is compared with the store, and the store's own invariants are looked at.
Every call is made twice: the second changes nothing.

``MODEL_EXAMPLES=5000 python -m pytest tests/store/test_model.py`` looks for longer, at random.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.domain import ids
from app.domain.event import Event, EventStatus
from app.domain.options import EventOptions
from app.store import keys, pages
from app.store.calls import Deferral, Record, Successor, Unattempted, claim_call, lease_token
from app.store.claims import Claim, read_claim_answer
from app.store.event_plans import KEEP, NOTHING, Plan, Saved
from app.store.flow_gate import FlowGate
from app.store.scripts import Argument, Scripts
from app.store.withdrawals import NO_WITHDRAWAL, Withdrawal
from tests.store.conftest import Stores
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot
from tests.support.store_model import StoreModel

EXAMPLES = os.environ.get("MODEL_EXAMPLES")
SETTINGS = settings(
    max_examples=int(EXAMPLES or 45),
    stateful_step_count=40,
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    report_multiple_bugs=False,
    # A failure is shown as it was found: to make it short takes minutes.
    phases=[Phase.generate],
)
LEASE_MS = 5_000
PERIOD_MS = 4_000
HOUR_MS = 3_600_000
LANES = 3
FLOWS = st.sampled_from([{}, {}, {"flow": {"key": "one"}}, {"flow": {"key": "other"}}])
TAGS = st.sampled_from([(), ("red",), ("blue",), ("red", "blue")])
WORKERS = st.sampled_from([b"one", b"two"])
ANY = st.randoms(use_true_random=False)


def _lasting(row: Sequence[Any]) -> list[Any]:
    """A claim without what is asked anew: is its successor missing, and when was it due."""
    return [*row[:8], *row[9:11], *row[12:]]


class Twice(Scripts):
    """Runs every script twice, as a client does that never saw the first answer."""

    def __call__(self, name: str, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
        answer = super().__call__(name, keys, args)
        before = snapshot(self._client)
        again = super().__call__(name, keys, args)
        assert snapshot(self._client) == before, f"{name} changes something the second time"
        if name == "claim_due":
            # When a retry was due is not kept beyond its claim. One that was returned unsent before
            # its successor was scheduled may say so only when asked again, which does no harm.
            assert [_lasting(row) for row in again[0]] == [_lasting(row) for row in answer[0]]
            pairs = zip(answer[0], again[0], strict=True)
            assert all(repeated[8] or not first[8] for first, repeated in pairs)
        elif name == "save_event":
            assert again == answer
        return answer


class Machine(RuleBasedStateMachine):
    """What drains, upkeep and the API do, without an order."""

    def __init__(self, stores: Stores) -> None:
        super().__init__()
        stores.client.flushall()
        self.stores = stores
        self.model = StoreModel()
        self.gate = FlowGate(stores.client, Twice(stores.client), stores.partitions)
        self.now = NOW_MS
        self.made = 0
        self.requests = {b"one": 0, b"two": 0}
        self.last: dict[bytes, tuple[int, list[Claim]]] = {}
        self.claims: list[Claim] = []
        self.planless: list[tuple[Claim, int]] = []

    def event_id(self, partition: int) -> bytes:
        """Ids that are the same in every run: what is due at once is claimed in their order."""
        self.made += 1
        lane = self.made % LANES
        value = NOW_MS << 80 | 0x7 << 76 | 0b10 << 62 | partition << 50 | lane << 36 | self.made
        return value.to_bytes(16, "big")

    @rule(ms=st.sampled_from([1, 500, 1_000, 4_000, 6_000, 20_000]))
    def time_goes_on(self, ms: int) -> None:
        self.now += ms

    @initialize(tags=TAGS, any_of=ANY)
    def begin(self, tags: tuple[str, ...], any_of: Any) -> None:
        """Runs in which the rule that creates is left out are about something, too."""
        for number in range(3):
            self._create(number < 2, number, tags, {}, any_of)

    @rule(series=st.booleans(), ahead=st.integers(0, 5), tags=TAGS, flow=FLOWS, any_of=ANY)
    def create(
        self, series: bool, ahead: int, tags: tuple[str, ...], flow: dict[str, Any], any_of: Any
    ) -> None:
        self._create(series, ahead, tags, flow, any_of)

    def _create(
        self, series: bool, ahead: int, tags: tuple[str, ...], flow: dict[str, Any], any_of: Any
    ) -> None:
        event = an_event(
            id=self.event_id(any_of.randrange(self.stores.partitions)),
            created_ms=NOW_MS,
            start_ms=self.now + ahead * 1_000,
            schedule=DAILY if series else None,
            tags=tags,
            options=flow,
        )
        plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms + any_of.choice([0, 700]))
        assert self.stores.events.save(event, plan, None, self.now) is Saved.DONE
        self.model.create(event, plan)

    @precondition(lambda self: self.model.events)
    @rule(any_of=ANY, how=st.sampled_from(["keep", "retag", "move", "pause", "end"]), tags=TAGS)
    def change(self, any_of: Any, how: str, tags: tuple[str, ...]) -> None:
        before = self.stores.events.get(any_of.choice(list(self.model.events)))
        after = before.changed(version=before.version + 1, updated_ms=self.now, name=f"by {how}")
        plan = NOTHING
        withdrawal = Withdrawal(is_recorded=any_of.random() < 0.5)
        if how in ("keep", "retag"):
            plan = KEEP
            after = replace(after, tags=tags if how == "retag" else before.tags)
        elif how == "move":
            start_ms = self.now + any_of.randrange(1, 9_000)
            if self.model.is_taken(before.id, start_ms):
                return
            after = after.changed(start_ms=start_ms, status=EventStatus.ACTIVE, tags=tags)
            plan = Plan(scheduled_ms=start_ms, due_ms=start_ms)
        else:
            after = replace(after, status=EventStatus("paused" if how == "pause" else "inactive"))
        self._save(before, after, plan, withdrawal)

    @precondition(lambda self: self.model.events)
    @rule(any_of=ANY, jitter_ms=st.sampled_from([0, 700]), keeps=st.integers(0, 3))
    def replan(self, any_of: Any, jitter_ms: int, keeps: int) -> None:
        """An edit of what is pending: it stays, or gives way to a time that may exist already.

        It may be overdue, wait for its jitter, be claimed ahead of its time, or have been returned.
        """
        before = self.stores.events.get(any_of.choice(list(self.model.events)))
        times = [self.now + any_of.randrange(1, 9_000), *self.model.times_of(before.id)]
        if before.next_ms is not None:
            times += [before.next_ms] * 2
        at_ms = any_of.choice(times)
        if before.schedule is None and self.model.is_taken(before.id, at_ms):
            return
        start_ms = before.start_ms if before.schedule else at_ms
        after = before.changed(
            version=before.version + 1, updated_ms=self.now, status=EventStatus.ACTIVE,
            start_ms=start_ms,
        )  # fmt: skip
        plan = Plan(scheduled_ms=at_ms, due_ms=at_ms + jitter_ms)
        withdrawal = Withdrawal(
            "because",
            is_recorded=any_of.random() < 0.5,
            keeps=(lambda at: at // 1_000 % 2 == keeps % 2) if keeps < 2 else None,
        )
        self._save(before, after, plan, withdrawal)

    @precondition(lambda self: self.model.events)
    @rule(any_of=ANY, flow=FLOWS)
    def move_to_a_flow(self, any_of: Any, flow: dict[str, Any]) -> None:
        """What waits for the flow that it was in may not wait any longer."""
        before = self.stores.events.get(any_of.choice(list(self.model.events)))
        after = before.changed(
            version=before.version + 1, updated_ms=self.now, options=EventOptions(flow)
        )
        self._save(before, after, KEEP, NO_WITHDRAWAL)

    @precondition(lambda self: self.model.events)
    @rule(any_of=ANY, count=st.integers(1, 3))
    def fall_behind(self, any_of: Any, count: int) -> None:
        """An edit of a series that had come to some times which nobody has scheduled."""
        before = self.stores.events.get(any_of.choice(list(self.model.events)))
        status = any_of.choice([EventStatus.PAUSED, EventStatus.INACTIVE])
        after = before.changed(version=before.version + 1, updated_ms=self.now, status=status)
        passed_ms = [self.now - 1_000 * number for number in range(count)]
        withdrawal = Withdrawal("because", is_recorded=True, passed_ms=passed_ms)
        self._save(before, after, NOTHING, withdrawal)

    @precondition(lambda self: self.model.events)
    @rule(any_of=ANY)
    def miss(self, any_of: Any) -> None:
        """An edit that comes too late for a one-time event."""
        before = self.stores.events.get(any_of.choice(list(self.model.events)))
        if before.schedule is not None:
            return
        status = EventStatus.INACTIVE
        after = before.changed(version=before.version + 1, updated_ms=self.now, status=status)
        plan = Plan(scheduled_ms=self.now - 10_000, missed="too late")
        self._save(before, after, plan, Withdrawal(is_recorded=True))

    def _save(self, before: Event, after: Event, plan: Plan, withdrawal: Withdrawal) -> None:
        saved = self.stores.events.save(after, plan, before, self.now, withdrawal=withdrawal)
        assert saved is self.model.change(before.id, after, plan, self.now, withdrawal)

    @precondition(lambda self: self.model.events)
    @rule(any_of=ANY, change=st.sampled_from([{"version": 99}, {"next_ms": 5}]), gone=st.booleans())
    def change_what_has_changed(self, any_of: Any, change: dict[str, int], gone: bool) -> None:
        stored = self.stores.events.get(any_of.choice(list(self.model.events)))
        before = snapshot(self.stores.client)
        old = replace(stored, **change)
        if gone:
            saved = self.stores.events.delete(old, any_version=False, now_ms=self.now)
        else:
            saved = self.stores.events.save(old.changed(name="x"), NOTHING, old, self.now)
        assert saved in (Saved.STALE, Saved.MOVED)
        assert snapshot(self.stores.client) == before

    @precondition(lambda self: self.model.events)
    @rule(any_of=ANY)
    def delete(self, any_of: Any) -> None:
        event = self.stores.events.get(any_of.choice(list(self.model.events)))
        assert self.stores.events.delete(event, any_version=True, now_ms=self.now) is Saved.DONE
        self.model.delete(event.id, self.now)

    @precondition(lambda self: self.model.events)
    @rule(any_of=ANY, back=st.integers(0, 3))
    def add_beside_the_schedule(self, any_of: Any, back: int) -> None:
        event_id = any_of.choice(list(self.model.events))
        times = [(self.now - 1_000 * number, self.now) for number in range(back + 1)]
        added = self.stores.events.add_occurrences(
            self.stores.events.get(event_id), times, self.now
        )
        assert added == self.model.add_beside(event_id, times)

    @precondition(lambda self: self.model.events)
    @rule(any_of=ANY, status=st.sampled_from(["missed", "skipped"]), ahead=st.integers(-9, 9))
    def note(self, any_of: Any, status: str, ahead: int) -> None:
        event_id = any_of.choice(list(self.model.events))
        tags = self.model.events[event_id].tags
        note = Unattempted(event_id, self.now + ahead * 1_000, tags, status, "because")
        added = self.stores.work.record_unattempted([note], self.now)
        assert added == self.model.note(note, self.now)

    @rule(
        worker=WORKERS,
        limit=st.integers(1, 4),
        ahead_ms=st.sampled_from([0, 0, 300, 2_000]),
        passed_over=st.sampled_from([set(), set(), set(), {0}, {1, 2}]),
        any_of=ANY,
    )
    def claim(
        self, worker: bytes, limit: int, ahead_ms: int, passed_over: set[int], any_of: Any
    ) -> None:
        partition = any_of.randrange(self.stores.partitions)
        self._claim(partition, worker, limit, ahead_ms, passed_over)

    def _claim(
        self,
        partition: int,
        worker: bytes,
        limit: int,
        ahead_ms: int = 0,
        passed_over: Collection[int] = (),
    ) -> list[Claim]:
        self.requests[worker] += 1
        request = self.requests[worker]
        call = claim_call(
            partition,
            worker,
            request,
            now_ms=self.now,
            limit=limit,
            lease_ms=LEASE_MS,
            ahead_ms=ahead_ms,
            passed_over=passed_over,
        )
        answer = self.stores.work._run(call)
        claims = read_claim_answer(answer, lease_token(worker, request), self.now).claims
        expected = self.model.claim(
            partition,
            b"%s:%d" % (worker, request),
            limit,
            self.now,
            LEASE_MS,
            ahead_ms,
            passed_over,
        )
        assert [(c.occurrence_id, c.attempt, c.recurring, c.deaths) for c in claims] == expected
        self.claims += claims
        self.last[worker] = partition, claims
        self.planless += [
            (one, self.model.events[one.event_id].plan) for one in claims if one.recurring
        ]
        return claims

    @precondition(lambda self: self.model.next_due)
    @rule(worker=WORKERS, any_of=ANY, later=st.integers(0, 3))
    def deliver_what_falls_due(self, worker: bytes, any_of: Any, later: int) -> None:
        """Time goes on until something is due; then it takes its usual course, or most of it."""
        due_ms, partition = self.model.next_due[0]
        self.now = max(self.now, due_ms)
        for one in self._claim(partition, worker, any_of.randrange(1, 4)):
            if one.recurring and any_of.random() < 0.8:
                plan = self.model.events[one.event_id].plan
                self.planless.remove((one, plan))
                self._advance(one, plan, one.scheduled_ms + PERIOD_MS, later)
            if any_of.random() < 0.5:
                self._record([one], "completed")

    @rule(worker=WORKERS, any_of=ANY)
    def claim_from_a_flow(self, worker: bytes, any_of: Any) -> None:
        """Members that wait, or no longer do, are let through."""
        partition = any_of.randrange(self.stores.partitions)
        known = self.model.waiting_in(partition)
        if not known:
            return
        flow = self.model.occurrences[any_of.choice(known)].flow
        assert flow is not None
        chosen = any_of.sample(known, min(len(known), 2))
        members = [self.model.occurrences[one].event + one for one in chosen]
        self.made += 1
        token = b"%s:flow:%d" % (worker, self.made)
        deadline_ms = self.now + LEASE_MS
        claims, _ = self.gate.claim(
            partition,
            {flow: members},
            {flow: self.now + 1_000},
            token,
            now_ms=self.now,
            deadline_ms=deadline_ms,
        )
        expected = self.model.claim_from(flow, chosen, token, deadline_ms, self.now)
        assert [(c.occurrence_id, c.attempt, c.recurring, c.deaths) for c in claims] == expected
        self.claims += claims
        self.planless += [
            (one, self.model.events[one.event_id].plan) for one in claims if one.recurring
        ]

    @precondition(lambda self: self.last)
    @rule(any_of=ANY)
    def ask_again(self, any_of: Any) -> None:
        """A claim whose answer was lost, or came long ago, is answered with what is still held."""
        worker = any_of.choice(list(self.last))
        partition, claims = self.last[worker]
        if not claims:
            return
        before = snapshot(self.stores.client)
        again = self.stores.work.claim(
            partition, worker, self.requests[worker], now_ms=self.now, limit=9, lease_ms=LEASE_MS
        )
        held = [one.occurrence_id for one in claims if self.model.holds(one)]
        assert [one.occurrence_id for one in again] == held
        assert snapshot(self.stores.client) == before

    @precondition(lambda self: self.planless)
    @rule(any_of=ANY, ends=st.integers(0, 2), keep=st.booleans(), later=st.integers(0, 3))
    def advance(self, any_of: Any, ends: int, keep: bool, later: int) -> None:
        """What follows a successor may be known, and claims go on with it, whatever is there."""
        number = any_of.randrange(len(self.planless))
        claim, plan = self.planless[number] if keep else self.planless.pop(number)
        times = [claim.scheduled_ms + PERIOD_MS, *self.model.times_of(claim.event_id)]
        self._advance(claim, plan, None if ends == 0 else any_of.choice(times), later)

    def _advance(self, claim: Claim, plan: int, following: int | None, later: int) -> None:
        successor = Successor(
            claim.event_id, claim.plan, claim.scheduled_ms, following, following or 0,
            [following + number * PERIOD_MS for number in range(1, later + 1)] if following else (),
        )  # fmt: skip
        done = self.stores.work.schedule_successors([successor], self.now)
        expected = self.model.advance(successor, plan, self.now)
        assert (done.scheduled, done.passed) == expected

    @precondition(lambda self: self.claims)
    @rule(any_of=ANY, verdict=st.sampled_from(["completed", "failed", "retrying", "cancelled"]))
    def record(self, any_of: Any, verdict: str) -> None:
        """Of any claim there ever was: most have lost their lease."""
        some = any_of.sample(self.claims, min(len(self.claims), any_of.choice([1, 1, 3])))
        self._record(some, verdict)

    def _record(self, some: Sequence[Claim], verdict: str) -> None:
        again = self.now + 800 if verdict == "retrying" else None
        records = [
            Record(one.occurrence_id, one.token, verdict, 200, b"", None, again, b"[1]\n")
            for one in some
        ]
        counted = self.stores.work.record(records, self.now)
        assert counted == sum(self.model.record(one, self.now) for one in records)

    @precondition(lambda self: self.claims)
    @rule(any_of=ANY, late_ms=st.sampled_from([0, 3_000]))
    def release(self, any_of: Any, late_ms: int) -> None:
        claim = any_of.choice(self.claims)
        deferral = Deferral(claim.occurrence_id, claim.token, self.now + late_ms)
        assert self.stores.work.release([deferral], self.now) == self.model.release(deferral)

    @precondition(lambda self: self.claims)
    @rule(any_of=ANY)
    def renew(self, any_of: Any) -> None:
        some = any_of.sample(self.claims, min(len(self.claims), 3))
        deadline_ms = self.now + LEASE_MS
        held = self.stores.work.renew([(c.occurrence_id, c.token) for c in some], deadline_ms)
        assert held == self.model.renew(some, deadline_ms)

    @rule()
    def reclaim(self) -> None:
        found = sum(
            self.stores.work.reclaim_expired(partition, self.now)
            for partition in range(self.stores.partitions)
        )
        assert found == self.model.reclaim(self.now)

    @rule(any_of=ANY)
    def lose_a_place_and_restore_it(self, any_of: Any) -> None:
        for partition in range(self.stores.partitions):
            opened = self.model.open_in(partition)
            lost = any_of.sample(opened, min(len(opened), 2))
            for one in lost:
                known = self.model.occurrences[one]
                waiting = keys.prefix(partition) + b"flow:" + (known.flow or b"")
                self.stores.client.zrem(waiting, known.event + one)
                for index in (keys.due_of(known.event), keys.leases(partition)):
                    self.stores.client.zrem(index, one)
            assert self.stores.work.restore(partition, lost, self.now) == len(lost)
            self.model.restore(lost, self.now)

    @rule(age_ms=st.sampled_from([0, 5_000]))
    def retire(self, age_ms: int) -> None:
        before_ms = self.now - age_ms
        for partition in range(self.stores.partitions):
            count = self.stores.work.delete_ended(partition, before_ms, 1_000)
            assert count == self.model.retire(partition, before_ms)

    @rule(any_of=ANY, hours=st.sampled_from([0, 1, 2]))
    def pack(self, any_of: Any, hours: int) -> None:
        """What ended an hour ago, or some of it, goes into pages: to everybody it is as before."""
        self.now += hours * HOUR_MS
        for partition in range(self.stores.partitions):
            known = sorted(
                one
                for one in self.model.occurrences
                if ids.partition_of_occurrence(one) == partition
            )
            some = any_of.sample(known, any_of.choice([len(known), len(known) // 2]))
            self.stores.work.pages.pack(partition, some, self.now - HOUR_MS)
            groups = self.stores.work.pages.ended(partition, 0, self.now, 1_000).groups
            self.stores.work.pages.trim(partition, groups)

    @rule(any_of=ANY)
    def unpack(self, any_of: Any) -> None:
        """Some of what is in pages is changed, or was to be."""
        known = sorted(self.model.occurrences)
        self.stores.work.pages.unpack(any_of.sample(known, min(len(known), 3)))

    @invariant()
    def the_store_agrees(self) -> None:
        found = snapshot(self.stores.client)
        assert broken(self.stores.client, self.stores.partitions, found) == []
        self.model.compare(found)


def test_the_store_does_what_the_model_says(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "KEPT_IN_INDEX", 0)  # so leaves have even a few
    scripts = Twice(stores.client)
    for store in (stores.events, stores.work, stores.work.pages, stores.events._pages):
        store._scripts = scripts
    run_state_machine_as_test(lambda: Machine(stores), settings=SETTINGS)


def test_the_model_notices_a_difference(stores: Stores) -> None:
    """A store that lost something does not pass for one that did not."""
    model = StoreModel()
    event = an_event()
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    stores.events.save(event, plan, None, NOW_MS)
    model.create(event, plan)
    model.compare(snapshot(stores.client))
    model.events[event.id].next_ms = event.start_ms + 1
    with pytest.raises(AssertionError, match=ids.to_text(event.id)):
        model.compare(snapshot(stores.client))
