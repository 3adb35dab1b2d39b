"""Drain, on a real store: what it must not send, and what it leaves behind when it ends."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import Action, webhook
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.outcome import LOCAL_FAULTS, Outcome, Timings
from app.engine.drain import Drain
from app.errors import StoreUnavailable
from app.services.queries import EventChanges, OccurrenceQuery, TagFilter
from app.store.calls import Record
from app.store.claims import Claim
from app.store.event_plans import Plan
from app.store.flow_gate import FlowGate
from app.store.work import WorkStore
from app.wiring.engine import Engine
from app.wiring.services import Services
from tests.engine.engines import engine_with
from tests.support.builders import a_claim, an_event
from tests.support.clock import FakeClock

LEASE_MS = 30_000
DONE = Record(b"o" * 16, b"t", "completed", 200, b"", None, None, b"")
LONG_MS = 3_600_000


class HeldSender:
    """Takes requests on and answers none of them, until it is told to."""

    def __init__(self) -> None:
        self.started: list[Any] = []
        self.under_way: list[Any] = []
        self.answer = False
        self.outcome = Outcome(Timings(0, 0, 0), 200)
        self.on_poll: Callable[[float], object] = lambda _wait_ms: None

    @property
    def in_flight(self) -> int:
        return len(self.under_way)

    def start(self, token: Any, request: Any, *, due_us: int, now_us: int) -> None:
        self.started.append(token)
        self.under_way.append(token)

    def poll(self, max_wait_ms: float, also: Sequence[int] = ()) -> list[tuple[Any, Outcome]]:
        time.sleep(0.001)
        self.on_poll(max_wait_ms)
        if not self.answer:
            return []
        ended = [(one, self.outcome) for one in self.under_way]
        self.under_way.clear()
        return ended

    def abandon(self) -> list[Any]:
        abandoned, self.under_way = self.under_way, []
        return abandoned

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
def sender() -> HeldSender:
    return HeldSender()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(int(time.time() * 1_000))


@pytest.fixture
def engine(store_url: str, clock: FakeClock, sender: HeldSender) -> Iterator[Engine]:
    with engine_with(
        store_url, clock, sender, partitions=1, delivery_concurrency=1, lease_ms=LEASE_MS
    ) as made:
        yield made


@pytest.fixture
def services(engine: Engine) -> Services:
    return engine.services


@pytest.fixture
def drain(engine: Engine) -> Iterator[Drain]:
    made = engine.drains.new_drain()
    yield made
    made.close(threading.Event())


def make_due(services: Services, clock: FakeClock, count: int, **more: Any) -> None:
    for number in range(count):
        given = {
            "name": "an event",
            "start_time": clock.ms + 1_000 + number,
            "action": webhook("https://example.com/hook"),
            "tags": ("a",),
            "retry": {"attempts": 100, "delays": ["0s"]},
            **more,
        }
        services.events.create(EventChanges(given), MASTER)
    clock.advance(2_000)


class Until(threading.Event):
    """Tells a drain to stop once a condition holds, or when patience ends."""

    def __init__(self, done: Callable[[], bool]) -> None:
        super().__init__()
        self.done = done
        self.end_s = time.monotonic() + 10

    def is_set(self) -> bool:
        return self.done() or time.monotonic() > self.end_s


def run_until(drain: Drain, clock: FakeClock, done: Callable[[], bool]) -> None:
    """Run a drain until a condition holds; the clock does not move meanwhile."""
    drain.run(clock.ms + LONG_MS, Until(done))
    assert done(), "the drain did not get there"


def claim_as_another(services: Services, clock: FakeClock) -> list[Claim]:
    """What another drain does with leases that have ended."""
    services.storage.work.reclaim_expired(0, clock.ms)
    return services.storage.work.claim(
        0, b"another", 1, now_ms=clock.ms, limit=9, lease_ms=LEASE_MS
    )


def test_what_waited_while_the_process_stood_still_is_not_sent_under_its_old_lease(
    services: Services, clock: FakeClock, sender: HeldSender, drain: Drain
) -> None:
    """The leases have ended, and another may be delivering it by now."""
    make_due(services, clock, 3)
    run_until(drain, clock, lambda: len(sender.started) == 1)
    run_until(drain, clock, lambda: services.storage.work.heads()[0].due_ms is None)
    clock.advance(LEASE_MS + 1)
    taken = claim_as_another(services, clock)
    assert len(taken) == 3
    sender.answer = True
    turns = iter(range(20))
    run_until(drain, clock, lambda: next(turns, None) is None)
    assert len(sender.started) == 1
    ended = [
        Record(one.occurrence_id, one.token, "completed", 200, b"", None, None, b"[1]\n")
        for one in taken
    ]
    assert services.storage.work.record(ended, clock.ms) == 3


def test_a_pause_that_no_lease_ends_in_changes_nothing(
    services: Services, clock: FakeClock, sender: HeldSender, drain: Drain
) -> None:
    make_due(services, clock, 3)
    run_until(drain, clock, lambda: len(sender.started) == 1)
    clock.advance(LEASE_MS - 1)
    sender.answer = True
    run_until(drain, clock, lambda: len(sender.started) == 3)


@pytest.mark.parametrize("recording", ["works", "fails"])
def test_a_drain_that_is_closed_breaks_off_what_is_under_way(
    services: Services,
    clock: FakeClock,
    sender: HeldSender,
    drain: Drain,
    recording: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sender outlives the drain: an answer that comes later must not turn up in the next."""
    make_due(services, clock, 1)
    run_until(drain, clock, lambda: sender.in_flight == 1)
    if recording == "fails":

        def fail(*_: object, **__: object) -> None:
            raise ValueError("as expected")

        drain._recorder.add(DONE, a_claim())
        with monkeypatch.context() as patched:
            patched.setattr(drain._recorder, "step", fail)
            with pytest.raises(ValueError, match="as expected"):
                drain.close(threading.Event())
    else:
        drain.close(threading.Event())
    assert sender.in_flight == 0


@pytest.fixture
def occurrence(services: Services) -> Callable[[], Occurrence]:
    """The one occurrence, as it is now."""

    def read() -> Occurrence:
        query = OccurrenceQuery(tags=TagFilter(("a",)))
        (found,) = services.occurrences.list(query, MASTER).items
        return found

    return read


@pytest.mark.parametrize("fault", LOCAL_FAULTS)
def test_what_this_host_lacks_costs_no_attempt_however_often(
    services: Services,
    clock: FakeClock,
    sender: HeldSender,
    drain: Drain,
    occurrence: Callable[[], Occurrence],
    fault: str,
) -> None:
    make_due(services, clock, 1)

    lacking = Outcome(Timings(0, 0, 0), error=fault, error_message=LOCAL_FAULTS[fault])
    sender.answer, sender.outcome = True, lacking
    for times in range(1, 11):
        run_until(drain, clock, lambda times=times: occurrence().deferral_count == times)
        put_off = occurrence()
        assert (put_off.status, put_off.attempt_count) == (OccurrenceStatus.SCHEDULED, 0)
        assert put_off.deferral_reason == LOCAL_FAULTS[fault]
        assert put_off.next_attempt_ms is not None
        assert put_off.next_attempt_ms - clock.ms >= 1_000
        clock.ms = put_off.next_attempt_ms
    sender.outcome = Outcome(Timings(0, 0, 0), 200)
    run_until(drain, clock, lambda: occurrence().status is OccurrenceStatus.COMPLETED)
    assert occurrence().attempt_count == 1
    assert not services.storage.breakers.all(0)
    assert services.storage.local_faults.totals()[fault] >= 9


def test_a_drain_with_nothing_to_send_learns_which_targets_are_down(
    services: Services, clock: FakeClock, sender: HeldSender, drain: Drain
) -> None:
    """So the first that comes up is not judged by what was so when the last one was sent."""
    times = {"first_ms": 60_000, "longest_ms": 60_000, "forget_ms": 600_000}
    host = "http://127.0.0.1:9"
    services.storage.breakers.open(host, clock.ms, **times)
    run_until(drain, clock, lambda: clock.advance(1) and host in drain._breakers._known)
    assert sender.in_flight == 0


def test_a_policy_without_delays_is_no_flood(
    services: Services,
    clock: FakeClock,
    sender: HeldSender,
    drain: Drain,
    occurrence: Callable[[], Occurrence],
) -> None:
    make_due(services, clock, 1)
    sender.answer = True
    sender.outcome = Outcome(Timings(0, 0, 0), 500, error="status", error_message="no")
    for attempts in range(1, 10):
        run_until(drain, clock, lambda attempts=attempts: occurrence().attempt_count == attempts)
        run_until(drain, clock, lambda: occurrence().status is OccurrenceStatus.RETRYING)
        assert occurrence().next_attempt_ms == clock.ms + 1_000
        clock.advance(999)
        turns = iter(range(5))
        run_until(drain, clock, lambda turns=turns: next(turns, None) is None)
        assert len(sender.started) == attempts
        clock.advance(1)


@pytest.mark.parametrize("flow", [None, {"key": "f", "concurrency": 1}], ids=["alone", "in a flow"])
@pytest.mark.parametrize("store", ["there", "away"])
def test_a_closing_drain_waits_for_its_last_request_and_does_next_to_nothing(
    services: Services,
    clock: FakeClock,
    sender: HeldSender,
    drain: Drain,
    flow: dict[str, Any] | None,
    store: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It looks a hundred times a second, whether a job takes it over."""
    make_due(services, clock, 2, flow=flow)

    def is_one_sent() -> bool:
        # Time passes: a flow that was looked at too early is looked at again a moment later.
        clock.advance(1)
        return sender.in_flight == 1

    run_until(drain, clock, is_one_sent)
    begun_ms, steps = clock.ms, 0

    def pass_time(max_wait_ms: float) -> None:
        nonlocal steps
        steps += 1
        clock.advance(math.ceil(max_wait_ms))
        sender.answer = steps == 300

    sender.on_poll = pass_time
    with monkeypatch.context() as patched:
        if store == "away":
            for kind in (WorkStore, FlowGate):
                patched.setattr(kind, "renew", unavailable)
        assert not drain.run_between_jobs(clock.ms, threading.Event(), threading.Event())
    assert clock.ms - begun_ms > 2_500
    clock.advance(1_000)


def test_a_drain_that_is_closed_while_the_store_is_away_does_next_to_nothing(
    services: Services, clock: FakeClock, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for its outcomes alone: whatever else there is to do, it does no more."""
    waits: list[float] = []

    def pass_time(_readable: object, _writable: object, wait_ms: float) -> None:
        waits.append(wait_ms)
        assert len(waits) < 2_000
        clock.advance(math.ceil(wait_ms))

    drain._recorder.add(DONE, a_claim())
    with monkeypatch.context() as patched:
        patched.setattr("app.engine.drain.wait_for", pass_time)
        patched.setattr(drain._recorder._channel, "_transmit", unavailable)
        drain.close(threading.Event())
    assert sum(waits) >= services.settings.stop_grace_ms


def unavailable(*_: object, **__: object) -> None:
    raise StoreUnavailable


def test_what_must_not_be_sent_is_recorded_though_it_was_claimed_before_its_moment(
    services: Services, clock: FakeClock, sender: HeldSender, drain: Drain
) -> None:
    """No request is built of it meanwhile: a later version may have stored its action."""
    event = an_event(action=Action("pigeon", {"client_name": "x"}), start_ms=clock.ms + 30)
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    storage = services.storage
    storage.events.save(event, plan, None, clock.ms)
    turns = iter(range(5))
    run_until(drain, clock, lambda: drain._claimer.delayed == 1 and next(turns, None) is None)
    clock.advance(30)
    one = ids.occurrence_id(event.id, event.start_ms)
    run_until(drain, clock, lambda: storage.occurrences.get(one).status == "failed")
    assert sender.started == []
