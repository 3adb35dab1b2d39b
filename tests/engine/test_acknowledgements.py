"""Ack, nack and no word in time: what becomes of an occurrence that its receiver took on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.crypto.ack_tokens import AckTokens
from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import short_form
from app.domain.event import Event
from app.domain.occurrence import OccurrenceStatus
from app.domain.outcome import Outcome, Timings
from app.engine.acknowledgements import OVERDUE
from app.engine.attempts import record_of
from app.errors import Conflict, Unauthenticated
from app.store import keys
from app.store.fields import EventField
from app.store.flow_keys import FlowKeys
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken
from tests.support.services import HOUR_MS

ACCEPTED = Outcome(Timings(0, 0, 0), 202, b"later", ack_required=True)


class Delivered:
    """An occurrence that was sent, and whose receiver has or has not answered yet."""

    def __init__(self, services: Services, event: Event) -> None:
        self.services = services
        self.partition = ids.partition_of_event(event.id)
        self.event = event
        self.claim()

    def claim(self) -> None:
        now_ms = self.services.clock.now_ms()
        (self.claimed,) = self.services.storage.work.claim(
            self.partition, b"w", now_ms, now_ms=now_ms, limit=9, lease_ms=HOUR_MS
        )
        self.id = ids.to_text(self.claimed.occurrence_id)
        tokens = self.services.crypto.ack_tokens
        self.token = tokens.of(self.claimed.occurrence_id, self.claimed.attempt)

    def answer(self, outcome: Outcome = ACCEPTED) -> int:
        now_ms = self.services.clock.now_ms()
        record, _ = record_of(self.claimed, outcome, now_ms, 0.5)
        return self.services.storage.work.record([record], now_ms)

    def now(self):
        assert broken(self.services.storage.client, self.services.settings.partitions) == []
        return self.services.occurrences.get(self.id, MASTER)


@pytest.fixture
def deliver(
    services: Services, create: Callable[..., Event], clock: FakeClock
) -> Callable[..., Delivered]:
    def make(**options: Any) -> Delivered:
        event = create(**options)
        clock.ms = NOW_MS + HOUR_MS
        return Delivered(services, event)

    return make


def test_it_waits_for_an_hour_unless_its_event_says_otherwise(deliver, clock) -> None:
    one = deliver()
    assert one.now().ack_deadline_ms is None
    one.answer()
    waiting = one.now()
    assert waiting.status is OccurrenceStatus.DISPATCHED
    assert waiting.ack_deadline_ms == clock.ms + HOUR_MS
    assert (waiting.status_code, waiting.response_body) == (202, "later")


def test_an_event_says_how_long(deliver, clock) -> None:
    one = deliver(ack_timeout="90s")
    one.answer()
    assert one.now().ack_deadline_ms == clock.ms + 90_000


@pytest.mark.parametrize("status", [200, 204])
def test_only_202_can_ask_for_it(deliver, status: int) -> None:
    one = deliver()
    one.answer(ACCEPTED._replace(status_code=status))
    assert one.now().status is OccurrenceStatus.COMPLETED


def test_ack_completes(services, deliver, clock) -> None:
    one = deliver()
    one.answer()
    clock.advance(5_000)
    answered = services.acknowledgements.ack(one.id, one.token)
    assert answered == one.now()
    assert answered.status is OccurrenceStatus.COMPLETED
    assert (answered.completed_ms, answered.status_code) == (clock.ms, 202)
    assert (answered.attempt_count, answered.error_message) == (1, None)
    assert answered.ack_deadline_ms is None
    for say in (
        lambda: services.acknowledgements.ack(one.id, one.token),
        lambda: services.acknowledgements.nack(one.id, one.token, None, retry=True),
    ):
        with pytest.raises(Conflict):
            say()
    assert one.now() == answered


def test_nack_is_a_failed_attempt(services, deliver, clock) -> None:
    one = deliver(retry={"attempts": 2, "delays": ["30s"]})
    one.answer()
    retrying = services.acknowledgements.nack(one.id, one.token, "disk full", retry=True)
    assert retrying.status is OccurrenceStatus.RETRYING
    assert retrying.next_attempt_ms == clock.ms + 30_000
    assert retrying.error_message == "disk full"
    old = one.token
    clock.advance(30_000)
    one.claim()
    one.answer()
    with pytest.raises(Conflict):
        services.acknowledgements.ack(one.id, old)
    failed = services.acknowledgements.nack(one.id, one.token, None, retry=True)
    assert (failed.status, failed.attempt_count) == (OccurrenceStatus.FAILED, 2)
    assert failed.error_message == "the receiver reported that it failed"
    assert one.now() == failed


def test_nack_may_ask_not_to_be_tried_again(services, deliver) -> None:
    one = deliver()
    one.answer()
    failed = services.acknowledgements.nack(one.id, one.token, "no such order", retry=False)
    assert (failed.status, failed.error_message) == (OccurrenceStatus.FAILED, "no such order")


@pytest.mark.parametrize("duty", ["recover", "look"])
def test_no_word_in_time_is_a_failed_attempt(services, engine, deliver, clock, duty: str) -> None:
    one = deliver(ack_timeout="1m", retry={"attempts": 2, "delays": ["30s"]})
    one.answer()

    def done() -> int:
        if duty == "recover":
            return engine.upkeep.recover()
        return services.acknowledgements.overdue(one.partition, clock.ms)

    clock.advance(59_999)
    assert done() == 0
    clock.advance(1)
    assert done() == 1
    late = one.now()
    assert late.status is OccurrenceStatus.RETRYING
    assert late.error_message == "the receiver did not acknowledge in time"
    assert late.next_attempt_ms == clock.ms + 30_000
    assert done() == 0
    with pytest.raises(Conflict):
        services.acknowledgements.ack(one.id, one.token)


@pytest.mark.parametrize(("held_ms", "stays"), [(0, False), (30_000, True)])
def test_who_comes_late_to_one_that_is_overdue_leaves_the_next_attempt_its_place(
    services: Services,
    deliver: Callable[..., Delivered],
    clock: FakeClock,
    held_ms: int,
    stays: bool,
) -> None:
    """Drains look at the same moment: one may be held up until the retry of the other is sent."""
    one, client = deliver(ack_timeout="1m"), services.storage.client
    one.answer()
    client.execute_command("HSET", keys.event_of(one.event.id), EventField.FLOW, "a flow")
    clock.advance(60_000)
    busy = FlowKeys(is_cluster=client.is_cluster).busy(b"a flow")
    client.zadd(busy, {one.claimed.occurrence_id: clock.ms + held_ms})
    assert services.acknowledgements.overdue(one.partition, clock.ms) == 1
    assert client.zcard(busy) == stays


def test_a_word_may_come_before_the_answer(services, deliver) -> None:
    """A quick worker of the receiver's: what it says counts, the answer then changes nothing."""
    one = deliver()
    completed = services.acknowledgements.ack(one.id, one.token)
    assert (completed.status, completed.attempt_count) == (OccurrenceStatus.COMPLETED, 1)
    assert one.answer() == 0
    assert one.now() == completed


def test_a_word_that_races_with_the_answer_is_heard(services, deliver, monkeypatch) -> None:
    one = deliver()
    service = services.acknowledgements
    read = service.waiting.read

    def and_then(names):
        found = read(names)
        one.answer()
        return found

    monkeypatch.setattr(service.waiting, "read", and_then)
    assert service.ack(one.id, one.token).status is OccurrenceStatus.COMPLETED


def test_what_does_not_wait_is_forgotten(services, deliver, clock) -> None:
    """An entry that nothing accounts for must not keep every drain looking."""
    one = deliver()
    services.storage.client.zadd(keys.unacknowledged(one.partition), {one.claimed.occurrence_id: 1})
    assert services.acknowledgements.overdue(one.partition, clock.ms) == 0
    assert services.storage.client.zcard(keys.unacknowledged(one.partition)) == 0
    assert one.now().status is OccurrenceStatus.DISPATCHED


def test_what_was_under_way_when_its_event_was_deleted_is_not_waited_for(services, deliver) -> None:
    one = deliver()
    services.events.delete(ids.to_text(one.event.id), MASTER, None)
    one.answer()
    ended = one.now()
    assert (ended.status, ended.ack_deadline_ms) == (OccurrenceStatus.CANCELLED, None)
    assert ended.error_message == "its event was deleted"


class TestTokens:
    TOKENS = AckTokens(["the jwt secret of this service"])

    def test_a_token_is_for_one_attempt_of_one_occurrence(self) -> None:
        token = self.TOKENS.of(b"o" * 16, 3)
        assert self.TOKENS.attempt_of(token, b"o" * 16) == 3
        assert self.TOKENS.attempt_of(token, b"p" * 16) is None
        assert self.TOKENS.attempt_of("4" + token[1:], b"o" * 16) is None
        assert self.TOKENS.attempt_of("03" + token[1:], b"o" * 16) is None

    @pytest.mark.parametrize(
        "token", ["", ".", "1", "1.", "-1.ab", "²." + "0" * 32, "9" * 70, "1.\udcff", "é.é", "1.é"]
    )
    def test_nonsense_is_none(self, token: str) -> None:
        assert self.TOKENS.attempt_of(token, b"o" * 16) is None

    def test_during_a_rotation_those_made_before_are_good(self) -> None:
        rotated = AckTokens(["a newer secret", "the jwt secret of this service"])
        assert rotated.attempt_of(self.TOKENS.of(b"o" * 16, 1), b"o" * 16) == 1
        assert self.TOKENS.attempt_of(rotated.of(b"o" * 16, 1), b"o" * 16) is None


def test_a_foreign_token_changes_nothing(services, deliver) -> None:
    one = deliver()
    one.answer()
    other = services.crypto.ack_tokens.of(b"o" * 16, 1)
    for name, token in ((one.id, other), ("not-an-id", one.token), (ids.to_text(b"o" * 16), "1.")):
        with pytest.raises(Unauthenticated):
            services.acknowledgements.ack(name, token)
    assert one.now().status is OccurrenceStatus.DISPATCHED


def test_an_attempt_that_was_not_acknowledged_says_so_in_its_record(
    services, deliver, clock
) -> None:
    """Its answer was 202, and it failed all the same: by word of the receiver, then by none."""
    one = deliver(ack_timeout="1m", retry={"attempts": 2, "delays": ["30s"]})
    one.answer()
    services.acknowledgements.nack(one.id, one.token, "disk full", retry=True)
    clock.ms += 30_000
    one.claim()
    one.answer()
    clock.ms += 60_000
    assert services.acknowledgements.overdue(one.partition, clock.ms) == 1
    attempts = services.occurrences.attempts(one.id, MASTER)
    assert [(entry.number, entry.status_code, entry.error_message) for entry in attempts] == [
        (1, 202, "disk full"),
        (2, 202, OVERDUE),
    ]
    assert one.now().attempt_count == 2


def test_between_a_nack_and_the_next_attempt_lies_the_least_delay(deliver, clock, services) -> None:
    one = deliver(retry={"attempts": 3, "delays": ["0s"]})
    one.answer()
    retrying = services.acknowledgements.nack(one.id, one.token, None, retry=True)
    assert retrying.next_attempt_ms == clock.ms + services.settings.least_retry_delay_ms
    assert services.settings.least_retry_delay_ms == 1_000


def test_an_attempt_is_of_the_client_that_it_was_sent_to(services, deliver) -> None:
    one = deliver(action=short_form("q:desk-7"))
    one.answer(Outcome(Timings(0, 0, 0), ack_required=True, ack_ms=5_000))
    raw, may_be_of = one.claimed.occurrence_id, services.acknowledgements.may_be_of
    assert may_be_of(raw, "q:desk-7")
    assert not may_be_of(raw, "q:desk-8")
    services.acknowledgements.ack(one.id, one.token)
    assert may_be_of(raw, "q:desk-8"), "nothing waits, and the acknowledgement itself says so"
