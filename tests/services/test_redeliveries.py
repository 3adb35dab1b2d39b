"""Dead letters attempted again: one by one, and many by a job that nothing can confuse.

The service is wired by ``app.wiring.redeliveries``. What jobs of all kinds share, in
``app.services.jobs``, ``app.store.jobs`` and ``app.store.job_keys``, is tested here, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER, Access
from app.domain.event import Event, EventStatus
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.outcome import Outcome, Timings
from app.domain.redelivery_job import PROBE, RedeliveryFilter, RedeliveryJob, RedeliveryRequest
from app.engine.attempts import record_of, unsendable
from app.errors import Conflict, Forbidden, NotFound
from app.services import jobs as frame
from app.services import redeliveries as module
from app.services.queries import EventChanges
from app.services.redelivery_steps import RedeliverySteps
from app.store.calls import Record, Unattempted
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken
from tests.support.services import HOUR_MS

Create = Callable[..., Event]
RED = Access("red", "read_write", frozenset({"red"}))
BOTH = Access("both", "read_write", frozenset({"red", "blue"}))
DAY_MS = 24 * HOUR_MS


@pytest.fixture(autouse=True)
def _sound_store(services: Services):
    yield
    assert broken(services.storage.client, services.settings.partitions) == []


def text(raw: bytes) -> str:
    return ids.to_text(raw)


def claims(services: Services, limit: int = 2_000) -> list[Any]:
    now_ms = services.clock.now_ms()
    return [
        claim
        for partition in range(services.settings.partitions)
        for claim in services.storage.work.claim(
            partition, b"w%d" % now_ms, now_ms, now_ms=now_ms, limit=limit, lease_ms=30_000
        )
    ]


def end(services: Services, clock: FakeClock, verdict: str = "failed") -> list[bytes]:
    """Deliver all that is due, with this end; a moment passes."""
    taken = claims(services)
    services.storage.work.record(
        [
            Record(one.occurrence_id, one.token, verdict, 500, b"", "no", None, b"[1]\n")
            for one in taken
        ],
        services.clock.now_ms(),
    )
    clock.advance(1)
    return [one.occurrence_id for one in taken]


@pytest.fixture
def fail(services: Services, clock: FakeClock, create: Create):
    """Makes so many events whose occurrence has failed."""

    def make(count: int = 1, **given: Any) -> list[bytes]:
        for number in range(count):
            create(start_time=clock.ms + 1 + number % 3, **given)
        clock.advance(5)
        return end(services, clock)

    return make


def completed(claim: Any) -> Record:
    return Record(claim.occurrence_id, claim.token, "completed", 200, b"", None, None, b"[1]\n")


def status(services: Services, one: bytes) -> str:
    return services.storage.occurrences.get(one).status.value


class TestOne:
    @pytest.mark.parametrize("paused", [True, False])
    def test_is_attempted_again_now_whatever_its_event_is(
        self, services, clock, fail, paused
    ) -> None:
        (one,) = fail()
        event = services.storage.events.get(services.storage.occurrences.get(one).event_id)
        assert event.status is EventStatus.INACTIVE
        if paused:
            changes = EventChanges({"status": EventStatus.PAUSED, "start_time": NOW_MS + DAY_MS})
            services.events.update(text(event.id), changes, MASTER, None)
        clock.advance(DAY_MS)
        found = services.redeliveries.redeliver(text(one), BOTH, fresh=False)
        assert (found.id, found.status, found.next_attempt_ms) == (
            one,
            OccurrenceStatus.RETRYING,
            clock.ms,
        )
        assert end(services, clock, "completed") == [one]

    def test_its_policy_starts_afresh(self, services, clock, fail) -> None:
        (one,) = fail(retry={"attempts": 2, "delays": ["1m"], "max_age": "1h"})
        clock.advance(DAY_MS)
        services.redeliveries.redeliver(text(one), MASTER, fresh=False)
        now_ms = clock.ms
        (second,) = claims(services)
        assert second.attempt == 2
        assert unsendable(second, now_ms) is None
        refused = Outcome(Timings(0, 0, 0), error="status", status_code=500)
        record, _ = record_of(second, refused, now_ms, 0.5)
        assert (record.verdict, record.next_attempt_ms) == ("retrying", now_ms + 60_000)
        services.storage.work.record([record], now_ms)
        clock.advance(60_000)
        (third,) = claims(services)
        assert unsendable(third, clock.ms) is None
        record, _ = record_of(third, refused, clock.ms, 0.5)
        assert record.verdict == "failed"
        services.storage.work.record([record], clock.ms)

    def test_what_was_missed_is_not_too_late_again(self, services, clock, create) -> None:
        event = create(misfire={"policy": "skip", "grace": "1m"}, schedule={"frequency": "daily"})
        note = Unattempted(event.id, NOW_MS - DAY_MS, event.tags, "missed", "too late")
        services.storage.work.record_unattempted([note], NOW_MS)
        one = ids.occurrence_id(event.id, NOW_MS - DAY_MS)
        services.redeliveries.redeliver(text(one), MASTER, fresh=False)
        clock.advance(10 * 60_000)
        (claim,) = claims(services)
        assert (claim.occurrence_id, claim.attempt) == (one, 1)
        assert unsendable(claim, clock.ms) is None

    def test_a_new_one_can_take_its_place(self, services, clock, fail) -> None:
        (one,) = fail()
        fresh = services.redeliveries.redeliver(text(one), MASTER, fresh=True)
        assert isinstance(fresh, Occurrence)
        assert (fresh.scheduled_ms, fresh.status) == (clock.ms, OccurrenceStatus.SCHEDULED)
        assert status(services, one) == "failed"
        assert end(services, clock) == [fresh.id]

    def test_what_is_open_or_completed_or_without_event_is_refused(
        self, services, clock, create, fail
    ) -> None:
        event = create(start_time=NOW_MS + 5)
        one = text(ids.occurrence_id(event.id, NOW_MS + 5))
        for fresh in (True, False):
            with pytest.raises(Conflict, match="not ended"):
                services.redeliveries.redeliver(one, MASTER, fresh=fresh)
        clock.advance(5)
        end(services, clock, "completed")
        for fresh in (True, False):
            with pytest.raises(Conflict, match="trigger"):
                services.redeliveries.redeliver(one, MASTER, fresh=fresh)
        (orphan,) = fail()
        event_id = services.storage.occurrences.get(orphan).event_id
        services.events.delete(text(event_id), MASTER, None)
        for fresh in (True, False):
            with pytest.raises(Conflict, match="deleted"):
                services.redeliveries.redeliver(text(orphan), MASTER, fresh=fresh)
        for name in ("nothing", text(b"\x00" * 6 + b"\x80\x00\x80" + b"\x00" * 7)):
            with pytest.raises(NotFound):
                services.redeliveries.redeliver(name, MASTER, fresh=False)

    def test_needs_all_tags_of_it_and_of_its_event(self, services, fail) -> None:
        (one,) = fail()
        with pytest.raises(Forbidden):
            services.redeliveries.redeliver(text(one), RED, fresh=False)
        with pytest.raises(NotFound):
            services.redeliveries.redeliver(
                text(one), Access("x", "write", frozenset({"green"})), fresh=False
            )
        event_id = text(services.storage.occurrences.get(one).event_id)
        services.events.update(event_id, EventChanges({"tags": ("red", "green")}), MASTER, None)
        with pytest.raises(Forbidden):
            services.redeliveries.redeliver(text(one), BOTH, fresh=False)
        services.events.update(event_id, EventChanges({"tags": ("green",)}), MASTER, None)
        with pytest.raises(Conflict, match="deleted"):
            services.redeliveries.redeliver(text(one), BOTH, fresh=False)
        assert status(services, one) == "failed"


def begin(services: Services, access: Access = MASTER, **values: Any) -> RedeliveryJob:
    given = {
        name: values.pop(name) for name in ("oldest_first", "rate", "stop_at") if name in values
    }
    return services.redeliveries.create(
        RedeliveryRequest(RedeliveryFilter(**values), **given), access
    )


def work(services: Services, job: RedeliveryJob) -> RedeliveryJob:
    services.redeliveries.work(text(job.id))
    return services.redeliveries.get(text(job.id), MASTER)


class TestMany:
    def test_all_that_failed_before_are_delivered_once(self, services, clock, fail) -> None:
        """What fails during the job, again or for the first time, is not among them."""
        dead = fail(300)
        clock.advance(5)
        job = begin(services)
        assert services.queues.upkeep.redeliveries == [text(job.id)]
        assert (job.status, job.total, job.retried) == ("running", 300, 0)
        clock.advance(5)
        late = fail(2)
        job = work(services, job)
        assert (job.status, job.retried, job.is_read) == ("running", 300, True)
        assert set(end(services, clock)) == set(dead)
        job = work(services, job)
        assert (job.status, job.completed, job.failed, job.error_rate) == (
            "completed",
            0,
            300,
            1.0,
        )
        assert job.ended_ms == clock.ms
        assert {status(services, one) for one in dead + late} == {"failed"}
        assert claims(services) == []
        assert services.redeliveries.work(text(job.id)) == 0

    def test_of_one_scope_only_so_many_are_kept(self, services, clock, fail, monkeypatch) -> None:
        """The oldest that have ended go first; one that runs stays, and so do those of others."""
        monkeypatch.setattr(frame, "MAX_KEPT", 3)
        fail(1, tags=("red",))
        running = begin(services, access=RED)
        others = begin(services, access=BOTH)
        ended = []
        for _ in range(5):
            clock.advance(1)
            ended.append(begin(services, access=RED))
            services.redeliveries.cancel(text(ended[-1].id), RED)
        left = {job.id for job in services.redeliveries.list(RED, 10, None).items}
        assert left == {running.id, ended[-2].id, ended[-1].id}
        assert services.redeliveries.get(text(others.id), BOTH).is_running

    def test_the_filter_chooses(self, services, clock, fail, create) -> None:
        reds = fail(2, tags=("red",))
        blues = fail(2, tags=("blue",))
        both = fail(1)
        event = text(services.storage.occurrences.get(reds[0]).event_id)
        bounds = services.storage.occurrences.get(blues[0]).scheduled_ms
        for given, count in (
            ({}, 5),
            ({"tags": ("red",)}, 3),
            ({"tags": ("red", "blue")}, 5),
            ({"tags": ("red", "blue"), "match_all": True}, 1),
            ({"event_id": event}, 1),
            ({"event_id": "nothing"}, 0),
            ({"status": "missed"}, 0),
            ({"tags": ("blue",), "from_ms": bounds, "to_ms": bounds}, 1),
        ):
            request = RedeliveryRequest(RedeliveryFilter(**given))
            assert services.redeliveries.count(request, MASTER) == count, given
        assert {status(services, one) for one in reds + blues + both} == {"failed"}
        job = work(services, begin(services, tags=("red",)))
        assert job.retried == 3
        assert {status(services, one) for one in reds + both} == {"retrying"}
        assert {status(services, one) for one in blues} == {"failed"}
        nothing = work(services, begin(services, event_id="nothing"))
        assert (nothing.status, nothing.retried) == ("completed", 0)

    @pytest.mark.parametrize("oldest_first", [True, False])
    def test_the_order_is_that_of_their_times_at_the_rate_asked_for(
        self, services, clock, fail, oldest_first
    ) -> None:
        for _ in range(5):
            fail(1)
        job = begin(services, rate="2/s", oldest_first=oldest_first)
        begun_ms = clock.ms
        for _ in range(4):
            job = work(services, job)
            clock.advance(500)
        dues = sorted(
            (one.next_attempt_ms, one.scheduled_ms)
            for one in services.storage.occurrences.get_many(job.watched)
        )
        assert [due - begun_ms for due, _ in dues] == [0, 500, 1_000, 1_500, 2_000]
        times = [scheduled for _, scheduled in dues]
        assert times == sorted(times, reverse=not oldest_first)

    def test_a_rate_goes_on_by_upkeep_alone(self, services, engine, clock, fail) -> None:
        dead = fail(60)
        services.queues.upkeep.away = True
        job = begin(services, rate="1/s")
        ended: list[bytes] = []
        for _ in range(31):
            engine.upkeep.recover()
            ended += end(services, clock, "completed")
            clock.advance(1_000)
            ended += end(services, clock, "completed")
            clock.advance(4_000)
        job = services.redeliveries.get(text(job.id), MASTER)
        assert (job.status, job.retried, job.completed) == ("completed", 60, 60)
        assert sorted(ended) == sorted(dead)

    def test_a_rate_is_kept_a_second_ahead_by_who_is_called_for(
        self, services, clock, fail
    ) -> None:
        """It is called for in time, and no more often than it has something to do."""
        fail(60)
        job, begun_ms = work(services, begin(services, rate="10/s")), clock.ms
        called = services.queues.upkeep
        while clock.ms < begun_ms + 2_000:
            services.redeliveries.call_for_waiting()
            if called.continued:
                called.continued = 0
                services.redeliveries.continue_waiting()
                services.redeliveries.call_for_waiting()
                assert called.continued == 0
            job = services.redeliveries.get(text(job.id), MASTER)
            since_ms = clock.ms - begun_ms
            assert since_ms // 100 <= job.retried <= since_ms // 100 + 11
            clock.advance(50)
        job = services.redeliveries.cancel(text(job.id), MASTER)
        assert job.retried <= 20 + 11
        dues = [one.next_attempt_ms for one in services.storage.occurrences.get_many(job.watched)]
        assert sorted(dues) == [begun_ms + 100 * at for at in range(job.retried)]

    def test_progress_counts_at_once_also_after_it_was_cancelled(
        self, services, clock, fail
    ) -> None:
        fail(3)
        done = work(services, begin(services))
        end(services, clock, "completed")
        done = services.redeliveries.get(text(done.id), MASTER)
        assert (done.status, done.completed, done.ended_ms) == ("completed", 3, clock.ms)
        clock.advance(1_000)
        assert services.redeliveries.get(text(done.id), MASTER) == done
        fail(4)
        stopped = work(services, begin(services))
        first = claims(services, 1)
        services.storage.work.record([completed(one) for one in first], clock.ms)
        clock.advance(1)
        stopped = services.redeliveries.cancel(text(stopped.id), MASTER)
        assert (stopped.status, stopped.completed) == ("cancelled", len(first))
        end(services, clock, "completed")
        stopped = services.redeliveries.get(text(stopped.id), MASTER)
        assert (stopped.status, stopped.completed) == ("cancelled", 4)

    def test_what_ends_unsent_is_no_failure(self, services, clock, fail) -> None:
        """An event is deleted meanwhile: its occurrence is cancelled, and no receiver has failed."""
        dead = fail(120)
        job = work(services, begin(services, stop_at=0.5))
        for one in job.watched[:25]:
            event_id = services.storage.occurrences.get(one).event_id
            services.events.delete(text(event_id), MASTER, None)
        job = work(services, job)
        assert (job.status, job.failed, job.completed) == ("running", 0, 0)
        for _ in range(5):
            end(services, clock, "completed")
            job = work(services, job)
        assert (job.status, job.completed, job.error_rate) == ("completed", len(dead) - 25, 0.0)

    def test_what_is_still_to_come_is_left_out(self, services, clock, create) -> None:
        """A calendar has recorded as skipped what today and tomorrow bring."""
        event = create(schedule={"frequency": "daily"}, start_time=NOW_MS + 5)
        today, tomorrow = NOW_MS - HOUR_MS, NOW_MS + DAY_MS
        services.storage.work.record_unattempted(
            [Unattempted(event.id, at, event.tags, "skipped", "no") for at in (today, tomorrow)],
            NOW_MS,
        )
        wanted = RedeliveryRequest(RedeliveryFilter(status="skipped"))
        assert services.redeliveries.count(wanted, MASTER) == 1
        job = work(services, begin(services, status="skipped"))
        assert (job.total, job.watched) == (1, (ids.occurrence_id(event.id, today),))
        for fresh in (True, False):
            with pytest.raises(Conflict, match="time has not come yet"):
                services.redeliveries.redeliver(
                    text(ids.occurrence_id(event.id, tomorrow)), MASTER, fresh=fresh
                )

    def test_a_step_that_is_lost_after_it_was_planned_is_done_by_the_next(
        self, services, fail, monkeypatch
    ) -> None:
        """As if the worker had been killed after handing some on, before it could say so."""
        dead = fail(20)
        job = begin(services)
        steps = services.redeliveries.steps
        assert steps.step(job.id, services.clock.now_ms()) == (0, True)
        planned = services.redeliveries.get(text(job.id), MASTER).planned
        assert sorted(one for one, _ in planned) == sorted(dead)
        services.redeliveries.store.redeliver(planned[:7], text(job.id), services.clock.now_ms())
        job = work(services, job)
        assert (job.retried, len(job.watched)) == (20, 20)
        assert {status(services, one) for one in dead} == {"retrying"}

    def test_two_steps_at_once_count_once(self, services, clock, fail, monkeypatch) -> None:
        fail(20)
        job = begin(services, rate="1/s")
        steps, jobs = services.redeliveries.steps, services.redeliveries.frame.jobs
        read = jobs.get_many
        for _ in range(2):
            stale = read([job.id])
            steps.step(job.id, clock.ms)
            with monkeypatch.context() as patched:
                patched.setattr(jobs, "get_many", lambda _ids, stale=stale: stale)
                assert steps.step(job.id, clock.ms + 100) == (0, False)
        found = services.redeliveries.get(text(job.id), MASTER)
        assert (found.retried, len(found.watched)) == (2, 2)
        dues = [one.next_attempt_ms for one in services.storage.occurrences.get_many(found.watched)]
        assert sorted(dues) == [clock.ms + 1_000 * at for at in range(2)]

    def test_its_brake_stops_it(self, services, clock, fail) -> None:
        dead = fail(120)
        job = work(services, begin(services, stop_at=0.5))
        assert job.retried == PROBE
        end(services, clock)
        job = work(services, job)
        assert (job.status, job.retried, job.failed) == ("stopped", PROBE, PROBE)
        assert job.reason == "50 of 50 failed again"
        assert services.redeliveries.continue_waiting() == 0
        assert claims(services) == []
        assert {status(services, one) for one in dead} == {"failed"}

    def test_its_brake_lets_the_rest_go_if_all_is_well(self, services, clock, fail) -> None:
        fail(120)
        job = work(services, begin(services, stop_at=0.5))
        end(services, clock, "completed")
        job = work(services, job)
        assert (job.status, job.retried) == ("running", 120)
        end(services, clock, "completed")
        job = work(services, job)
        assert (job.status, job.completed, job.error_rate) == ("completed", 120, 0.0)

    def test_a_first_attempt_that_fails_counts_although_its_policy_goes_on(
        self, services, clock, fail
    ) -> None:
        (one,) = fail(1)
        job = work(services, begin(services))
        (claim,) = claims(services)
        record = Record(one, claim.token, "retrying", 500, b"", "no", clock.ms + 9, b"[1]\n")
        services.storage.work.record([record], clock.ms)
        job = work(services, job)
        assert (job.status, job.failed) == ("completed", 1)
        assert status(services, one) == "retrying"

    def test_it_is_cancelled_once(self, services, clock, fail) -> None:
        dead = fail(40)
        job = work(services, begin(services, rate="1/s"))
        cancelled = services.redeliveries.cancel(text(job.id), MASTER)
        assert (cancelled.status, cancelled.ended_ms, cancelled.retried) == (
            "cancelled",
            clock.ms,
            2,
        )
        assert services.redeliveries.cancel(text(job.id), MASTER) == cancelled
        clock.advance(60_000)
        assert services.redeliveries.continue_waiting() == 0
        assert len([one for one in dead if status(services, one) == "failed"]) == 38
        done = work(services, begin(services, status="missed"))
        with pytest.raises(Conflict, match="completed"):
            services.redeliveries.cancel(text(done.id), MASTER)

    def test_a_long_one_is_called_for_again(self, services, fail, monkeypatch) -> None:
        monkeypatch.setattr(module, "SLICE_MS", 0)
        fail(3)
        job = begin(services)
        assert services.redeliveries.work(text(job.id)) == 0
        assert services.queues.upkeep.redeliveries == [text(job.id)] * 2
        assert services.redeliveries.work(text(job.id)) == 3

    def test_one_that_breaks_does_not_hold_up_others(
        self, services, engine, fail, clock, monkeypatch
    ) -> None:
        fail(1)
        bad, good = begin(services), begin(services)
        step = services.redeliveries.steps.step

        def fails(_steps: RedeliverySteps, job_id: bytes, now_ms: int):
            if job_id == bad.id:
                raise Conflict
            return step(job_id, now_ms)

        monkeypatch.setattr(RedeliverySteps, "step", fails)
        assert engine.upkeep.recover() == 1
        assert services.redeliveries.get(text(good.id), MASTER).retried == 1

    def test_too_many_are_refused(self, services, fail, monkeypatch) -> None:
        monkeypatch.setattr(frame, "MAX_RUNNING", 1)
        fail(1)
        begin(services, BOTH)
        with pytest.raises(Conflict, match="1 redelivery jobs are running"):
            begin(services, BOTH)
        begin(services, RED)
        begin(services)

    def test_retention_takes_what_has_ended(self, services, engine, clock, fail) -> None:
        fail(1)
        ended, running = work(services, begin(services, status="missed")), begin(services)
        clock.advance(services.settings.retention_occurrences_ms + 1)
        engine.upkeep.retain()
        with pytest.raises(NotFound):
            services.redeliveries.get(text(ended.id), MASTER)
        assert services.redeliveries.get(text(running.id), MASTER).is_running


class TestScope:
    def test_a_job_touches_what_its_token_may_change(self, services, fail) -> None:
        reds, both = fail(2, tags=("red",)), fail(2)
        moved = fail(1, tags=("red",))
        event_id = text(services.storage.occurrences.get(moved[0]).event_id)
        services.events.update(event_id, EventChanges({"tags": ("blue",)}), MASTER, None)
        assert services.redeliveries.count(RedeliveryRequest(RedeliveryFilter()), RED) == 2
        job = begin(services, RED)
        assert job.total == 2
        assert work(services, job).retried == 2
        assert {status(services, one) for one in reds} == {"retrying"}
        assert {status(services, one) for one in both + moved} == {"failed"}

    def test_a_scope_that_is_lost_on_the_way_is_respected(self, services, fail) -> None:
        """Tags may change between the beginning and a step."""
        (one,) = fail(1, tags=("red",))
        job = begin(services, RED)
        event_id = text(services.storage.occurrences.get(one).event_id)
        services.events.update(event_id, EventChanges({"tags": ("blue",)}), MASTER, None)
        assert work(services, job).retried == 0
        assert status(services, one) == "failed"

    def test_only_the_same_scope_and_admins_see_it(self, services) -> None:
        own, other, admins = begin(services, RED), begin(services, BOTH), begin(services)
        again = Access("another", "read", frozenset({"red"}))
        assert [one.id for one in services.redeliveries.list(again, 10, None).items] == [own.id]
        assert services.redeliveries.get(text(own.id), again).id == own.id
        for hidden in (other, admins):
            for ask in (services.redeliveries.get, services.redeliveries.cancel):
                with pytest.raises(NotFound):
                    ask(text(hidden.id), again)
        listed = services.redeliveries.list(MASTER, 2, None)
        assert [one.id for one in listed.items] == [admins.id, other.id]
        assert listed.total == 3
        rest = services.redeliveries.list(MASTER, 2, listed.next_cursor)
        assert [one.id for one in rest.items] == [own.id]
        for name in ("nothing", text(own.id)[:-1] + "x"):
            with pytest.raises(NotFound):
                services.redeliveries.get(name, MASTER)
