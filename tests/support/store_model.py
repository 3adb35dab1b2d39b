"""What the store's scripts mean, in plain Python: the oracle of ``tests/store/test_model.py``.

It knows nothing of keys and indexes, only of events and occurrences. ``compare`` reads the store
beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain import ids
from app.domain.event import Event, EventStatus
from app.store.calls import Deferral, Record, Successor, Unattempted
from app.store.claims import Claim
from app.store.codec import join_tags
from app.store.event_plans import Plan, Saved
from app.store.withdrawals import NO_WITHDRAWAL, Withdrawal
from tests.support.invariants import Partition

OPEN = ("scheduled", "retrying", "dispatched")


@dataclass
class ModelEvent:
    version: int
    status: str
    tags: tuple[str, ...]
    next_ms: int | None
    recurring: bool
    """Whether its series goes on."""
    flow: bytes | None = None
    plan: int = 0
    """Counts how often it was planned anew."""
    last_ms: int | None = None
    following_ms: Sequence[int] = ()
    """What claims may schedule by themselves."""


@dataclass
class ModelOccurrence:
    event: bytes
    at_ms: int
    status: str = "scheduled"
    attempts: int = 0
    due_ms: int | None = None
    is_moved: bool = False
    """Whether it says itself when it is due, as it is not, or was not, when it is scheduled."""
    token: bytes | None = None
    deadline_ms: int | None = None
    deaths: int = 0
    ended_ms: int | None = None
    flow: bytes | None = None
    """The flow that it waits for."""
    of_series: bool = False
    beside: bool = False
    """Whether it is no longer, or never was, what its event waits for."""

    def end(self, status: str, now_ms: int) -> None:
        self.status, self.ended_ms = status, now_ms
        self.token = self.due_ms = self.deadline_ms = self.flow = None


class StoreModel:
    """Each method does what the call of that name does, and returns what it answers."""

    def __init__(self) -> None:
        self.events: dict[bytes, ModelEvent] = {}
        self.occurrences: dict[bytes, ModelOccurrence] = {}

    def create(self, event: Event, plan: Plan) -> None:
        made = ModelEvent(event.version, "active", event.tags, None, event.schedule is not None)
        made.flow = flow_of(event)
        self.events[event.id] = made
        self._schedule(event.id, plan)

    def change(
        self,
        event_id: bytes,
        after: Event,
        plan: Plan,
        now_ms: int,
        withdrawal: Withdrawal = NO_WITHDRAWAL,
    ) -> Saved:
        event = self.events[event_id]
        planned_ms = None if plan.missed else plan.scheduled_ms
        if after.schedule is not None and self._is_passed_over(event_id, planned_ms):
            return Saved.TAKEN
        event.version, event.status, event.tags = after.version, after.status.value, after.tags
        left, event.flow = event.flow, flow_of(after)
        if not plan.keep:
            self._replan(event_id, after, plan, now_ms, withdrawal)
        if left is not None and left != event.flow:
            self._leave(event_id, left, now_ms)
        return Saved.DONE

    def _replan(
        self, event_id: bytes, after: Event, plan: Plan, now_ms: int, withdrawal: Withdrawal
    ) -> None:
        event = self.events[event_id]
        event.plan += 1
        event.last_ms, event.following_ms = None, ()
        event.recurring = after.schedule is not None and after.status is not EventStatus.INACTIVE
        waiting = [one for one in self._of(event_id, "scheduled") if one.of_series]
        if event.next_ms is not None:
            self._withdraw(event_id, event.next_ms, plan, now_ms, withdrawal)
            event.next_ms = None
        for one in waiting:
            if withdrawal.keeps is None or not withdrawal.keeps(one.at_ms):
                one.end("cancelled", now_ms)
        for at_ms in withdrawal.passed_ms:
            self._record_unattempted(event_id, at_ms, "cancelled", now_ms)
        if plan.missed and plan.scheduled_ms is not None:
            self._record_unattempted(event_id, plan.scheduled_ms, "missed", now_ms)
        elif plan.scheduled_ms is not None:
            self._schedule(event_id, plan)

    def _leave(self, event_id: bytes, flow: bytes, now_ms: int) -> None:
        """What waits for a flow that its event has left is due at once, if its time has come."""
        for one in [*self._of(event_id, "scheduled"), *self._of(event_id, "retrying")]:
            if one.flow == flow:
                one.flow, one.due_ms = None, max(now_ms, one.at_ms)
                one.is_moved |= one.at_ms <= now_ms

    def _withdraw(
        self, event_id: bytes, next_ms: int, plan: Plan, now_ms: int, withdrawal: Withdrawal
    ) -> None:
        """Take the scheduled occurrence away; the plan may have it again."""
        del self.occurrences[ids.occurrence_id(event_id, next_ms)]
        if withdrawal.is_recorded and plan.scheduled_ms != next_ms:
            self._record_unattempted(event_id, next_ms, "cancelled", now_ms)

    def _is_passed_over(self, event_id: bytes, planned_ms: int | None) -> bool:
        """Whether a series can't have this time: it exists, and is not its scheduled one."""
        if planned_ms is None or planned_ms == self.events[event_id].next_ms:
            return False
        return not self._is_free(event_id, planned_ms)

    def _record_unattempted(self, event_id: bytes, at_ms: int, status: str, now_ms: int) -> bool:
        if ids.occurrence_id(event_id, at_ms) in self.occurrences:
            return False
        made = ModelOccurrence(event_id, at_ms, beside=True)
        made.end(status, now_ms)
        self._put(made)
        return True

    def delete(self, event_id: bytes, now_ms: int) -> None:
        del self.events[event_id]
        for one in [*self._of(event_id, "scheduled"), *self._of(event_id, "retrying")]:
            one.end("cancelled", now_ms)

    def is_taken(self, event_id: bytes, at_ms: int) -> bool:
        """Whether this moment of an event has a record of its own, which no plan replaces."""
        found = self.occurrences.get(ids.occurrence_id(event_id, at_ms))
        return found is not None and found.status != "skipped" and found.beside

    def add_beside(self, event_id: bytes, times: Sequence[tuple[int, int]]) -> int:
        added = 0
        for at_ms, due_ms in times:
            if self._is_free(event_id, at_ms):
                is_moved = due_ms != at_ms
                self._put(
                    ModelOccurrence(event_id, at_ms, due_ms=due_ms, is_moved=is_moved, beside=True)
                )
                added += 1
        return added

    def note(self, note: Unattempted, now_ms: int) -> int:
        made = self._record_unattempted(note.event_id, note.scheduled_ms, note.status, now_ms)
        return int(made)

    @property
    def next_due(self) -> list[tuple[int, int]]:
        """When occurrences are due, and in which partition; the first of all first."""
        return sorted(
            (one.due_ms, ids.partition_of_occurrence(one_id))
            for one_id, one in self.occurrences.items()
            if one.due_ms is not None
        )

    def claim(
        self,
        partition: int,
        token: bytes,
        limit: int,
        now_ms: int,
        lease_ms: int,
        ahead_ms: int = 0,
        passed_over: Collection[int] = (),
    ) -> list[tuple[bytes, int, bool, int]]:
        due = sorted(
            (one.due_ms, occurrence_id)
            for occurrence_id, one in self.occurrences.items()
            if one.due_ms is not None
            and one.due_ms <= now_ms + ahead_ms
            and ids.partition_of_occurrence(occurrence_id) == partition
        )
        answer = []
        lanes: dict[int, list[tuple[int, bytes]]] = {}
        for due_ms, occurrence_id in due:
            lane = ids.lane_of_event(self.occurrences[occurrence_id].event)
            if lane not in passed_over:
                lanes.setdefault(lane, []).append((due_ms, occurrence_id))
        for due_ms, occurrence_id in _shared(lanes, limit):
            one = self.occurrences[occurrence_id]
            event = self.events.get(one.event)
            if event is None or event.flow is None:
                answer.append(self._lease(occurrence_id, token, now_ms + lease_ms, now_ms))
            elif due_ms <= now_ms or not one.is_moved:  # else it is not claimed ahead
                one.flow, one.due_ms = event.flow, None
        return answer

    def claim_from(
        self, flow: bytes, chosen: Sequence[bytes], token: bytes, deadline_ms: int, now_ms: int
    ) -> list[tuple[bytes, int, bool, int]]:
        waiting = [one for one in chosen if self.occurrences[one].flow == flow]
        return [self._lease(one, token, deadline_ms, now_ms) for one in waiting]

    def _lease(
        self, occurrence_id: bytes, token: bytes, deadline_ms: int, now_ms: int
    ) -> tuple[bytes, int, bool, int]:
        one = self.occurrences[occurrence_id]
        one.status, one.token, one.due_ms, one.flow = "dispatched", token, None, None
        one.deadline_ms, one.beside, one.is_moved = deadline_ms, True, False
        one.attempts += 1
        event, goes_on = self.events.get(one.event), False
        if event and event.next_ms == one.at_ms:
            event.next_ms, one.of_series, goes_on = None, True, event.recurring
            event.last_ms = one.at_ms if goes_on else event.last_ms
            if goes_on and event.flow is None:
                goes_on = not self._goes_on_by_itself(one.event, one.at_ms, now_ms)
        return occurrence_id, one.attempts, goes_on, one.deaths

    def _goes_on_by_itself(self, event_id: bytes, at_ms: int, now_ms: int) -> bool:
        """Schedule the first known time after one that is claimed, if it is yet to come."""
        following = [at for at in self.events[event_id].following_ms if at > at_ms][:1]
        is_free = all(at > now_ms and self._is_free(event_id, at) for at in following)
        if not following or not is_free:
            return False
        self._schedule(event_id, Plan(scheduled_ms=following[0], due_ms=following[0]))
        return True

    def waiting_in(self, partition: int) -> list[bytes]:
        """What waits for a flow."""
        return sorted(
            occurrence_id
            for occurrence_id, one in self.occurrences.items()
            if one.flow is not None and ids.partition_of_occurrence(occurrence_id) == partition
        )

    def advance(self, successor: Successor, plan: int, now_ms: int) -> tuple[int, list[bytes]]:
        """How many were scheduled, and the events whose successor existed already."""
        event_id = successor.event_id
        event = self.events.get(event_id)
        if event is None or (event.status, event.next_ms, event.plan) != ("active", None, plan):
            return 0, []
        if successor.scheduled_ms is None:
            event.recurring, event.following_ms = False, ()
            before = self.occurrences.get(ids.occurrence_id(event_id, successor.before_ms))
            if before is None or before.status not in OPEN:
                event.status, event.version = "inactive", event.version + 1
            return 0, []
        if self._is_free(event_id, successor.scheduled_ms):
            plan_next = Plan(scheduled_ms=successor.scheduled_ms, due_ms=successor.due_ms)
            self._schedule(event_id, plan_next)
            event.following_ms = successor.later_ms or event.following_ms
            return 1, []
        found = self.occurrences[ids.occurrence_id(event_id, successor.scheduled_ms)]
        if found.status == "scheduled":
            event.next_ms = successor.scheduled_ms
            event.following_ms = successor.later_ms or event.following_ms
            return 0, []
        event.last_ms = max(successor.scheduled_ms, event.last_ms or 0)
        return 0, [event_id]

    def record(self, record: Record, now_ms: int) -> int:
        one = self.occurrences.get(record.occurrence_id)
        if one is None or one.token != record.token:
            return 0
        event = self.events.get(one.event)
        if record.verdict == "retrying" and event is not None:
            one.status, one.due_ms, one.is_moved = "retrying", record.next_attempt_ms, True
            one.token = one.deadline_ms = None
            return 1
        one.end("cancelled" if record.verdict == "retrying" else record.verdict, now_ms)
        if event and (event.status, event.next_ms, event.recurring) == ("active", None, False):
            event.status, event.version = "inactive", event.version + 1
        return 1

    def release(self, deferral: Deferral) -> int:
        one = self.occurrences.get(deferral.occurrence_id)
        if one is None or one.token != deferral.token:
            return 0
        one.attempts -= 1
        one.status = "retrying" if one.attempts else "scheduled"
        one.due_ms, one.is_moved = deferral.due_ms, True
        one.token = one.deadline_ms = None
        return 1

    def reclaim(self, now_ms: int) -> int:
        expired = [
            one
            for one in self.occurrences.values()
            if one.deadline_ms is not None and one.deadline_ms <= now_ms
        ]
        for one in expired:
            one.status, one.due_ms, one.deaths = "retrying", now_ms, one.deaths + 1
            one.token, one.deadline_ms, one.is_moved = None, None, True
        return len(expired)

    def renew(self, claims: Sequence[Claim], deadline_ms: int) -> int:
        held = [self.occurrences[one.occurrence_id] for one in claims if self.holds(one)]
        for one in held:
            one.deadline_ms = deadline_ms
        return len(held)

    def holds(self, claim: Claim) -> bool:
        one = self.occurrences.get(claim.occurrence_id)
        return one is not None and one.token == claim.token

    def restore(self, lost: Sequence[bytes], now_ms: int) -> None:
        for one in (self.occurrences[occurrence_id] for occurrence_id in lost):
            if one.deadline_ms is not None:
                one.deadline_ms = now_ms

    def retire(self, partition: int, before_ms: int) -> int:
        old = [
            occurrence_id
            for occurrence_id, one in self.occurrences.items()
            if one.ended_ms is not None
            and one.ended_ms < before_ms
            and ids.partition_of_occurrence(occurrence_id) == partition
        ]
        for one in old:
            del self.occurrences[one]
        return len(old)

    def times_of(self, event_id: bytes) -> list[int]:
        """The scheduled times of an event's occurrences."""
        return sorted(one.at_ms for one in self.occurrences.values() if one.event == event_id)

    def open_in(self, partition: int) -> list[bytes]:
        return sorted(
            occurrence_id
            for occurrence_id, one in self.occurrences.items()
            if one.status in OPEN and ids.partition_of_occurrence(occurrence_id) == partition
        )

    def compare(self, found: Mapping[bytes, Any]) -> None:
        """Fail unless the store, as it was read, holds what the model holds."""
        events: dict[bytes, dict[bytes, bytes]] = {}
        occurrences: dict[bytes, dict[bytes, bytes]] = {}
        due: dict[bytes, float] = {}
        claimed: dict[bytes, float] = {}
        for number in range(4):
            part = Partition(b"qh:{%d}:" % number)
            for key, value in found.items():
                if key.startswith(part.prefix):
                    part.take(key, value)
            events |= part.events
            occurrences |= part.occurrences
            due |= part.scored["due"]
            claimed |= part.scored["leases"]
        assert events.keys() == self.events.keys()
        for event_id, event in self.events.items():
            stored = events[event_id]
            assert {
                b"ver": b"%d" % event.version,
                b"st": event.status.encode(),
                b"tags": join_tags(event.tags) or None,
                b"next": _number(event.next_ms),
                b"rec": b"1" if event.recurring else None,
                b"last": _number(event.last_ms),
            } == {
                name: stored.get(name)
                for name in (b"ver", b"st", b"tags", b"next", b"rec", b"last")
            }, f"event {ids.to_text(event_id)}"
        assert occurrences.keys() == self.occurrences.keys()
        for one_id, one in self.occurrences.items():
            stored = occurrences[one_id]
            assert (
                one.status,
                one.attempts,
                one.deaths,
                one.due_ms,
                one.deadline_ms,
                one.flow,
            ) == (
                stored.get(b"st", b"scheduled").decode(),
                int(stored.get(b"n", 0)),
                int(stored.get(b"k", 0)),
                due.get(one_id),
                claimed.get(one_id),
                stored.get(b"w"),
            ), f"occurrence {ids.to_text(one_id)}"

    def _of(self, event_id: bytes, status: str) -> list[ModelOccurrence]:
        return [
            one
            for one in self.occurrences.values()
            if one.event == event_id and one.status == status
        ]

    def _is_free(self, event_id: bytes, at_ms: int) -> bool:
        found = self.occurrences.get(ids.occurrence_id(event_id, at_ms))
        return found is None or found.status == "skipped"

    def _schedule(self, event_id: bytes, plan: Plan) -> None:
        assert plan.scheduled_ms is not None
        is_moved = plan.due_ms != plan.scheduled_ms
        self._put(
            ModelOccurrence(event_id, plan.scheduled_ms, due_ms=plan.due_ms, is_moved=is_moved)
        )
        self.events[event_id].next_ms = plan.scheduled_ms

    def _put(self, one: ModelOccurrence) -> None:
        self.occurrences[ids.occurrence_id(one.event, one.at_ms)] = one


def flow_of(event: Event) -> bytes | None:
    flow = event.options.flow
    return None if flow is None else flow.name(event.action.target).encode()


def _number(value: int | None) -> bytes | None:
    return None if value is None else b"%d" % value


def _shared(lanes: Mapping[int, list[tuple[int, bytes]]], limit: int) -> list[tuple[int, bytes]]:
    """What a claim takes of what is due: an equal share of each lane, again until it is enough."""
    taken: list[tuple[int, bytes]] = []
    left = sorted(lanes, key=lambda lane: (lanes[lane][0][0], str(lane)))
    waiting = {lane: list(lanes[lane]) for lane in left}
    while left and len(taken) < limit:
        share = max((limit - len(taken)) // len(left), 1)
        for lane in left:
            most = min(share, limit - len(taken))
            taken += waiting[lane][:most]
            del waiting[lane][:most]
        left = [lane for lane in left if waiting[lane]]
    return taken
