"""The recorder: records come first; deferrals are written when there is time for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from app.clock import NEVER_MS
from app.domain import ids
from app.domain.ids import EventIds
from app.engine.background import at_once
from app.engine.group_meter import GroupMeter
from app.engine.lease_keeper import ALIVE_MS, LeaseKeeper
from app.engine.recorder import (
    BATCH,
    DEFER_MAX_COUNT,
    DEFER_MAX_WAIT_MS,
    DEFER_QUIET_MS,
    GATHER,
    GATHER_MS,
    STORE_RETRY_MS,
    Recorder,
)
from app.errors import StoreUnavailable
from app.metrics.registry import Registry
from app.store.calls import Call, Record
from app.store.claims import Claim
from tests.support.builders import a_claim
from tests.support.clock import FakeClock


class FakeChannel:
    """Notes the calls; answers each when told to."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answer = [1] * BATCH
        self.busy = False

    def fileno(self) -> int | None:
        return None

    def send(self, call: Call) -> None:
        self.send_all([call])

    def send_all(self, calls: list[Call]) -> None:
        self.calls += calls
        self.count = len(calls)
        self.busy = True

    def receive_all(self) -> list[list[int]] | None:
        if not self.busy:
            return None
        self.busy = False
        return [self.answer for _ in range(self.count)]


class Quiet:
    """Does nothing, in place of the other collaborators; notes which leases were renewed."""

    def __init__(self) -> None:
        self.renewed: list[tuple[bytes, bytes]] = []

    def handle_written(self, counted: Sequence[Any], sent: Sequence[Any]) -> None:
        """See ``FlowClaimer.handle_written``."""

    def drain_alive(self, drain: str, until_ms: int) -> None:
        """See ``Coordination.drain_alive``."""

    def renew(self, held: Sequence[Any], deadline_ms: int) -> None:
        """See ``WorkStore.renew``."""
        self.renewed += held


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def work() -> Quiet:
    return Quiet()


@pytest.fixture
def recorder(clock: FakeClock, channel: FakeChannel, work: Quiet) -> Recorder:
    leases = LeaseKeeper(
        cast("Any", work), cast("Any", Quiet()), at_once, drain="d", lease_ms=30_000
    )
    leases.announce(clock.now_ms() + 60_000)
    return Recorder(
        leases, cast("Any", channel), clock, flows=cast("Any", Quiet()), registry=Registry()
    )


def claims(count: int) -> list[Claim]:
    return [a_claim(number) for number in range(count)]


def record(claim: Claim) -> Record:
    return Record(claim.occurrence_id, claim.token, "completed", 200, b"", None, None, b"")


def add(recorder: Recorder, claim: Claim, *, is_awaited: bool = False) -> None:
    recorder.add(record(claim), claim, is_awaited=is_awaited)


def test_records_gather_until_there_are_enough(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock
) -> None:
    for claim in claims(GATHER - 1):
        add(recorder, claim)
    recorder.step(clock.now_ms())
    assert channel.calls == []
    add(recorder, a_claim(GATHER))
    recorder.step(clock.now_ms())
    assert [call.script for call in channel.calls] == ["record_attempts"]


def test_records_wait_for_at_most_a_moment(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock
) -> None:
    add(recorder, a_claim(1))
    recorder.step(clock.advance(GATHER_MS))
    assert [call.script for call in channel.calls] == ["record_attempts"]


def test_records_of_several_partitions_are_written_in_one_round_trip(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock
) -> None:
    for number in range(3):
        claim = a_claim(number)
        claim.occurrence_id = ids.occurrence_id(EventIds().make(1_000, partition=number), 1_000)
        add(recorder, claim)
        clock.advance(GATHER_MS // 4)
    recorder.step(clock.advance(GATHER_MS // 4))
    assert [call.script for call in channel.calls] == ["record_attempts"] * 2
    recorder.step(clock.now_ms())
    assert recorder.waiting == 1


def test_a_record_that_something_waits_for_is_written_at_once_with_the_others(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock
) -> None:
    add(recorder, a_claim(1))
    recorder.step(clock.now_ms())
    assert channel.calls == []
    add(recorder, a_claim(2), is_awaited=True)
    assert recorder.wake_ms == clock.now_ms()
    recorder.step(clock.now_ms())
    assert len(channel.calls) == 1
    recorder.step(clock.now_ms())
    assert recorder.idle


def test_it_sleeps_until_there_is_something_to_write(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock
) -> None:
    begun_ms = clock.now_ms()
    assert recorder.wake_ms == NEVER_MS
    add(recorder, a_claim(1))
    recorder.step(clock.advance(1))
    add(recorder, a_claim(2))
    assert recorder.wake_ms == begun_ms + GATHER_MS
    recorder.step(clock.advance(GATHER_MS - 1))
    assert (channel.busy, recorder.wake_ms) == (True, NEVER_MS)
    recorder.step(clock.now_ms())
    assert recorder.wake_ms == NEVER_MS


def test_deferrals_are_written_while_nothing_is_in_flight(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock
) -> None:
    """Each gives its place in a flow back; the loop looks every millisecond whether it is so."""
    add(recorder, a_claim(1))
    recorder.step(clock.now_ms())
    recorder.defer(a_claim(2), clock.now_ms())
    recorder.step(clock.now_ms())
    assert (channel.calls, recorder.wake_ms) == ([], clock.now_ms() + 1)
    recorder.step(clock.now_ms(), is_quiet=True)
    assert [call.script for call in channel.calls] == ["release_leases"]


def test_it_sleeps_until_a_store_that_is_away_is_tried_again(
    recorder: Recorder, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(FakeChannel, "send_all", unavailable)
    add(recorder, a_claim(1), is_awaited=True)
    recorder.step(clock.now_ms())
    assert recorder.wake_ms == clock.now_ms() + STORE_RETRY_MS
    monkeypatch.undo()
    recorder.step(clock.advance(STORE_RETRY_MS))
    assert recorder.wake_ms == NEVER_MS
    recorder.step(clock.now_ms())
    assert (recorder.idle, recorder.wake_ms) == (True, NEVER_MS)


def test_deferrals_wait_while_there_are_records(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock
) -> None:
    """Records are urgent; deferrals are not."""
    for claim in claims(BATCH):
        recorder.defer(claim, clock.now_ms() + 5_000, "why")
    for number in range(10):
        add(recorder, a_claim(1_000 + number))
        recorder.step(clock.advance(GATHER_MS))
        recorder.step(clock.advance(2))
    assert {call.script for call in channel.calls} == {"record_attempts"}
    recorder.step(clock.advance(DEFER_QUIET_MS))
    assert channel.calls[-1].script == "release_leases"
    recorder.step(clock.now_ms())
    assert recorder.idle


@pytest.mark.parametrize(
    ("count", "wait_ms"), [(DEFER_MAX_COUNT, 0), (2 * GATHER, DEFER_MAX_WAIT_MS)]
)
def test_deferrals_are_written_after_a_second_or_when_there_are_many(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock, count: int, wait_ms: int
) -> None:
    for claim in claims(count):
        recorder.defer(claim, clock.now_ms() + 5_000)
    for claim in claims(GATHER):
        add(recorder, claim)
    recorder.step(clock.advance(wait_ms))
    assert [call.script for call in channel.calls] == ["release_leases"]


def test_a_batch_of_deferrals_is_written_each_second_however_many_records_there_are(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock
) -> None:
    """Otherwise deferrals would keep their leases and their places in flows for very long."""
    begun_ms = clock.now_ms()
    for claim in claims(BATCH + 1):
        recorder.defer(claim, begun_ms)
    while clock.now_ms() < begun_ms + 2 * DEFER_MAX_WAIT_MS:
        for number in range(1_000, 1_000 + 2 * BATCH):
            add(recorder, a_claim(number))
        recorder.step(clock.advance(20))
    assert [call.script for call in channel.calls].count("release_leases") == 2


def test_a_flush_writes_everything_at_once(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock
) -> None:
    add(recorder, a_claim(1))
    recorder.defer(a_claim(2), clock.now_ms())
    assert not recorder.idle
    for _ in range(3):
        recorder.step(clock.now_ms(), flush=True)
    assert sorted(call.script for call in channel.calls) == ["record_attempts", "release_leases"]
    assert recorder.idle


def test_what_is_counted_by_tag_is_what_was_recorded(
    recorder: Recorder, channel: FakeChannel, clock: FakeClock
) -> None:
    """What another worker has recorded by then, under its own lease, is not counted twice."""
    registry = Registry()
    recorder._groups = GroupMeter(registry, tags=("a",))
    channel.answer = [1, 0, 1]
    for number in range(3):
        add(recorder, replace(a_claim(number), tags=("a",)))
    recorder.step(clock.now_ms(), flush=True)
    recorder.step(clock.now_ms(), flush=True)
    assert registry.totals() == {"outcomes_by_tag|a|completed": 2}
    assert recorder._groups_of == {}


def test_a_written_lease_is_not_renewed_but_that_of_a_retry_claimed_meanwhile_is(
    recorder: Recorder, clock: FakeClock, work: Quiet
) -> None:
    """A retry that is due at once has the same occurrence and another lease."""
    first, other = claims(2)
    retry = replace(first, token=b"another", attempt=2)
    recorder.leases.keep([first, other])
    add(recorder, first)
    add(recorder, other)
    recorder.step(clock.now_ms(), flush=True)
    recorder.leases.keep([retry])
    recorder.step(clock.now_ms())
    work.renewed.clear()
    recorder.step(clock.advance(ALIVE_MS))
    assert work.renewed == [(retry.occurrence_id, retry.token)]
