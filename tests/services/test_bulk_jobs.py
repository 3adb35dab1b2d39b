"""One action on many events, by a job that neither crashes nor others' edits confuse.

It tests ``app.domain.bulk_job``, ``app.services.bulk_audit``, ``app.services.bulk_steps``,
``app.store.bulk_jobs`` and ``app.wiring.bulk``, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.domain.access import MASTER, Access, Credential
from app.domain.action import webhook
from app.domain.bulk_job import MAX_REFUSALS, BulkAction, BulkFilter, BulkJob, BulkRequest
from app.domain.event import Event, EventStatus
from app.domain.ids import to_text
from app.domain.pause import Pause
from app.domain.tag_expressions import read_expression
from app.errors import Conflict, Forbidden, NotFound, StoreUnavailable
from app.services import bulk_jobs as module
from app.services import bulk_steps, event_lists
from app.services import jobs as frame
from app.services.audit import AuditQuery
from app.services.event_planner import EventPlanner
from app.services.jobs import ABANDONED_AFTER_MS
from app.services.queries import EventChanges
from app.store import job_keys
from app.store.token_keys import TokenKeys
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken
from tests.support.services import HOUR_MS

Create = Callable[..., Event]
RED = Access("red", "read_write", frozenset({"red"}))
BOTH = Access("both", "read_write", frozenset({"red", "blue"}))
TOKEN = Credential("a-token", NOW_MS // 1000, NOW_MS + 24 * HOUR_MS)
REDS = BulkFilter(tags=("red",))
DAILY = {"frequency": "daily"}


@pytest.fixture(autouse=True)
def _sound_store(services: Services):
    yield
    assert broken(services.storage.client, services.settings.partitions) == []


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_steps, "CHUNK", 3)


def begin(
    services: Services,
    action: str,
    chosen: BulkFilter = REDS,
    access: Access = MASTER,
    **given: Any,
) -> BulkJob:
    request = BulkRequest(BulkAction(action), chosen, **given)
    return services.bulk.create(request, access, None if access is MASTER else TOKEN)


def ended(services: Services, job: BulkJob) -> BulkJob:
    assert isinstance(services.clock, FakeClock)
    for _ in range(50):
        services.bulk.continue_waiting()
        now = services.bulk.get(to_text(job.id), MASTER)
        if not now.is_running:
            return now
        services.clock.advance(ABANDONED_AFTER_MS)
    raise AssertionError(now)


def counts(job: BulkJob) -> tuple[str, int, int, int]:
    return job.status, job.done, job.left_alone, job.refused


def now(services: Services, event: Event) -> Event | None:
    return services.storage.events.get_many([event.id])[0]


def statuses(services: Services, events: list[Event]) -> list[str]:
    found = services.storage.events.get_many([one.id for one in events])
    return ["gone" if one is None else one.status.value for one in found]


def log_of(services: Services, job: BulkJob) -> list[Any]:
    return [json.loads(one) for one in services.audit.page(AuditQuery(object=to_text(job.id)))[0]]


def named_in_the_log(services: Services, job: BulkJob) -> list[str]:
    return [one for entry in log_of(services, job) for one in entry["after"].get("events", ())]


class TestActions:
    def test_each_does_it_to_all_that_are_meant_and_to_no_other(self, services, create) -> None:
        reds = [create(schedule=DAILY) for _ in range(8)]
        other = create(tags=("blue",), schedule=DAILY)
        job = ended(services, begin(services, "pause"))
        assert counts(job) == ("completed", 8, 0, 0)
        assert statuses(services, [*reds, other]) == ["paused"] * 8 + ["active"]
        assert sorted(named_in_the_log(services, job)) == sorted(to_text(one.id) for one in reds)
        job = ended(services, begin(services, "resume"))
        assert counts(job) == ("completed", 8, 0, 0)
        assert statuses(services, [*reds, other]) == ["active"] * 9
        job = ended(services, begin(services, "retag", add=("new",), remove=("blue", "old")))
        assert counts(job) == ("completed", 8, 0, 0)
        assert {now(services, one).tags for one in reds} == {("red", "new")}
        assert now(services, other).tags == ("blue",)
        job = ended(services, begin(services, "delete"))
        assert counts(job) == ("completed", 8, 0, 0)
        assert statuses(services, [*reds, other]) == ["gone"] * 8 + ["active"]

    def test_a_pause_ends_by_itself_when_it_says_so(self, services, create) -> None:
        """As that of one event, with its note; one that was paused before keeps its own."""
        event, other = create(schedule=DAILY), create(schedule=DAILY, status=EventStatus.PAUSED)
        pause = Pause(NOW_MS + HOUR_MS, "stocktaking")
        job = ended(services, begin(services, "pause", pause=pause))
        assert counts(job) == ("completed", 1, 0, 0)
        paused, before = now(services, event), now(services, other)
        assert paused is not None
        assert before is not None
        assert (paused.status, paused.options.pause) == (EventStatus.PAUSED, pause)
        assert before.options.pause is None
        services.clock.advance(HOUR_MS)
        services.events.resume_due(event.id)
        assert statuses(services, [event, other]) == ["active", "paused"]

    def test_a_job_of_an_earlier_version_has_a_pause_without_end(self, services, create) -> None:
        event = create(schedule=DAILY)
        job = begin(services, "pause")
        key = job_keys.BULK.job(job.id)
        older = json.loads(services.storage.client.hget(key, "job"))
        del older["request"]["pause"]
        services.storage.client.hset(key, "job", json.dumps(older))
        assert counts(ended(services, job)) == ("completed", 1, 0, 0)
        assert statuses(services, [event]) == ["paused"]

    def test_what_is_as_asked_already_counts_and_is_not_written(self, services, create) -> None:
        event = create(tags=("red", "new"))
        job = ended(services, begin(services, "retag", add=("new",)))
        assert counts(job) == ("completed", 1, 0, 0)
        assert now(services, event) == event

    def test_a_tag_that_the_walk_goes_by_can_be_taken_and_given(self, services, create) -> None:
        reds = [create() for _ in range(8)]
        job = ended(services, begin(services, "retag", add=("green",), remove=("red",)))
        assert counts(job) == ("completed", 8, 0, 0)
        assert {now(services, one).tags for one in reds} == {("blue", "green")}

    def test_what_cannot_be_changed_is_refused_and_said(self, services, clock, create) -> None:
        one = create(start_time=clock.ms + 5)
        services.actions.pause(to_text(one.id), MASTER, None, None)
        services.actions.trigger(to_text(one.id), MASTER)
        full = [
            create(tags=("red", *(f"t{n}" for n in range(49)))) for _ in range(MAX_REFUSALS + 1)
        ]
        job = ended(services, begin(services, "retag", add=("new",)))
        assert counts(job) == ("completed", 1, 0, len(full))
        assert len(job.refusals) == MAX_REFUSALS
        assert {reason for _, reason in job.refusals} == {"tags: must be at most 50 tags"}

    def test_listeners_hear_of_each(self, services, create, monkeypatch) -> None:
        heard: list[Any] = []
        steps = services.bulk.steps
        monkeypatch.setattr(
            type(steps), "tell", lambda _self, *said: heard.append(said), raising=False
        )
        event = create()
        ended(services, begin(services, "pause"))
        ended(services, begin(services, "delete", BulkFilter(status="paused")))
        told = {"id": to_text(event.id), "tags": ["red", "blue"], "status": "paused"}
        assert heard == [("event.pause", told), ("event.delete", told)]


class TestWhichEvents:
    def test_all_filters_choose_as_lists_do(self, services, create) -> None:
        a = create(name="inv-1", tags=("eu",), metadata='{"customer":7}')
        b = create(name="inv-2", tags=("eu", "test"), action=webhook("https://b.example/x"))
        c = create(name="other", tags=("us",))
        expression = read_expression("eu AND NOT test", str)
        for chosen, wanted in (
            (BulkFilter(), [a, b, c]),
            (BulkFilter(tags=("eu", "us")), [a, b, c]),
            (BulkFilter(tags=("eu", "test"), match_all=True), [b]),
            (BulkFilter(clauses=expression), [a]),
            (BulkFilter(name="other"), [c]),
            (BulkFilter(name_prefix="inv"), [a, b]),
            (BulkFilter(target_host="b.example"), [b]),
            (BulkFilter(metadata=(("customer", "7"),)), [a]),
            (BulkFilter(status="paused"), []),
            (BulkFilter(created_from_ms=NOW_MS + 1), []),
            (BulkFilter(created_to_ms=NOW_MS), [a, b, c]),
        ):
            request = BulkRequest(BulkAction.RETAG, chosen, add=("x",))
            found = services.bulk.count(request, MASTER)
            assert found.total.number == len(wanted), chosen
            assert {one.id for one in found.sample} == {one.id for one in wanted}, chosen
            for event in (a, b, c):
                query = bulk_steps.query_of(request, NOW_MS)
                if chosen.created_from_ms is None:
                    assert services.events.lists.fit(query, event) is (event in wanted), chosen
            job = begin(services, "retag", chosen, add=("x",))
            assert services.bulk.get(to_text(job.id), MASTER) == job
            assert ended(services, job).done == len(wanted)
            ended(services, begin(services, "retag", chosen, remove=("x",)))

    def test_pauses_only_what_is_active_and_resumes_only_what_is_paused(
        self, services, create
    ) -> None:
        events = [create(schedule=DAILY) for _ in range(3)]
        services.events.end(to_text(events[0].id), "over", MASTER)
        services.actions.pause(to_text(events[1].id), MASTER, None, None)
        resume = BulkRequest(BulkAction.RESUME, REDS)
        assert services.bulk.count(resume, MASTER).total.number == 1
        job = ended(services, begin(services, "pause"))
        assert counts(job)[:2] == ("completed", 1)
        assert statuses(services, events)[0] == "inactive"

    def test_what_is_made_later_is_not_among_them(self, services, clock, create) -> None:
        create()
        job = begin(services, "delete")
        clock.advance(1)
        later = create()
        assert counts(ended(services, job)) == ("completed", 1, 0, 0)
        assert now(services, later) is not None

    def test_a_dry_run_names_the_newest_and_changes_nothing(self, services, clock, create) -> None:
        events = []
        for _ in range(12):
            clock.advance(1)
            events.append(create())
        request = BulkRequest(BulkAction.DELETE, REDS)
        found = services.bulk.count(request, MASTER)
        assert (found.total.number, found.total.is_exact) == (12, True)
        assert [one.id for one in found.sample] == [one.id for one in events[:1:-1]]
        assert statuses(services, events) == ["active"] * 12


class TestRights:
    def test_a_token_changes_only_what_it_might_change_itself(self, services, create) -> None:
        mine, half = create(tags=("red",)), create(tags=("red", "blue"))
        request = BulkRequest(BulkAction.DELETE, BulkFilter())
        assert services.bulk.count(request, RED).total.number == 1
        job = begin(services, "delete", BulkFilter(), RED)
        assert job.total == 1
        assert counts(ended(services, job)) == ("completed", 1, 0, 0)
        assert statuses(services, [mine, half]) == ["gone", "active"]

    def test_nor_gives_a_tag_out_of_its_scope(self, services, create) -> None:
        event = create(tags=("red",))
        request = BulkRequest(BulkAction.RETAG, REDS, add=("blue",))
        with pytest.raises(Forbidden):
            services.bulk.create(request, RED, TOKEN)
        with pytest.raises(Forbidden):
            services.bulk.count(request, RED)
        job = ended(services, begin(services, "retag", access=RED, remove=("red",)))
        assert counts(job) == ("completed", 0, 0, 1)
        assert now(services, event) == event

    def test_only_tokens_of_its_scope_see_it(self, services) -> None:
        job = begin(services, "pause", access=RED)
        again = Access("another", "read", frozenset({"red"}))
        assert services.bulk.get(to_text(job.id), again) == job
        assert [one.id for one in services.bulk.list(again, 9, None).items] == [job.id]
        with pytest.raises(NotFound):
            services.bulk.cancel(to_text(job.id), BOTH)
        assert services.bulk.list(BOTH, 9, None).items == ()
        assert [one.id for one in services.bulk.list(MASTER, 9, None).items] == [job.id]

    def test_a_revoked_token_ends_its_job_in_the_middle(self, services, create) -> None:
        events = [create(tags=("red",)) for _ in range(8)]
        job = begin(services, "delete", access=RED)
        services.bulk.steps.step(job.id, NOW_MS)
        services.bulk.steps.step(job.id, NOW_MS)
        services.storage.client.set(
            TokenKeys(is_cluster=services.storage.client.is_cluster).revoked(TOKEN.jti), 1
        )
        job = ended(services, job)
        assert counts(job) == ("stopped", 3, 0, 0)
        assert "revoked" in (job.reason or "")
        assert statuses(services, events).count("gone") == 3


class TestOthersMeanwhile:
    def test_what_is_no_longer_meant_is_left_alone(self, services, create) -> None:
        events = [create() for _ in range(3)]
        job = begin(services, "delete")
        services.bulk.steps.step(job.id, NOW_MS)  # plans them
        changes = EventChanges({"tags": ("blue",)})
        services.events.update(to_text(events[0].id), changes, MASTER, None)
        services.events.delete(to_text(events[1].id), MASTER, None)
        assert counts(ended(services, job)) == ("completed", 2, 1, 0)
        assert statuses(services, events) == ["active", "gone", "gone"]

    @pytest.mark.parametrize(
        ("edit", "wanted"),
        [({"tags": ("blue",)}, ("blue",)), ({"name": "x"}, ("red", "blue", "new"))],
        ids=["out of the filter", "still in it"],
    )
    def test_an_edit_between_look_and_write_is_seen(
        self, services, create, monkeypatch, edit, wanted
    ) -> None:
        """The write is of what was looked at, or the event is looked at again."""
        event, original = create(), event_lists.EventLists.fit
        edits = [edit]

        def fit_then_edit(self: Any, *args: Any) -> bool:
            answer = original(self, *args)
            if edits:
                services.events.update(to_text(event.id), EventChanges(edits.pop()), MASTER, None)
            return answer

        monkeypatch.setattr(event_lists.EventLists, "fit", fit_then_edit)
        job = ended(services, begin(services, "retag", add=("new",)))
        assert now(services, event).tags == wanted
        assert (job.done, job.left_alone) == ((1, 0) if "name" in edit else (0, 1))

    def test_one_that_is_changed_all_the_time_is_refused(
        self, services, create, monkeypatch
    ) -> None:
        event, original = create(), event_lists.EventLists.fit

        def fit_then_edit(self: Any, query: Any, found: Event) -> bool:
            changes = EventChanges({"name": f"no. {found.version}"})
            services.events.update(to_text(event.id), changes, MASTER, None)
            return original(self, query, found)

        monkeypatch.setattr(event_lists.EventLists, "fit", fit_then_edit)
        assert counts(ended(services, begin(services, "delete"))) == ("completed", 0, 0, 1)
        assert now(services, event) is not None


class TestCrashes:
    @pytest.mark.parametrize("action", ["pause", "delete", "retag"])
    @pytest.mark.parametrize("after", [0, 1, 4, 7])
    def test_a_worker_that_dies_is_followed_by_another(
        self, services, create, monkeypatch, action, after
    ) -> None:
        """Whatever was written before, each event is changed once, counted once and recorded."""
        events = [create(schedule=DAILY) for _ in range(8)]
        given = {"add": ("new",)} if action == "retag" else {}
        job = begin(services, action, **given)
        original, written = bulk_steps.BulkSteps._change, []

        def dying(self: Any, event: Event, *args: Any) -> None:
            original(self, event, *args)
            written.append(event.id)
            if len(written) == after + 1:
                raise StoreUnavailable

        monkeypatch.setattr(bulk_steps.BulkSteps, "_change", dying)
        with pytest.raises(StoreUnavailable):
            services.bulk.continue_waiting()
        job = ended(services, job)
        assert counts(job) == ("completed", 8, 0, 0)
        assert sorted(written) == sorted(one.id for one in events)
        assert set(named_in_the_log(services, job)) == {to_text(one.id) for one in events}
        if action != "delete":
            assert {now(services, one).version for one in events} == {2}

    def test_a_step_that_was_not_noted_is_repeated(self, services, create, monkeypatch) -> None:
        events = [create() for _ in range(4)]
        job = begin(services, "delete")
        services.bulk.steps.step(job.id, NOW_MS)
        store = type(services.bulk.steps.jobs)
        with monkeypatch.context() as patch:
            patch.setattr(store, "save", lambda *_: (_ for _ in ()).throw(StoreUnavailable))
            with pytest.raises(StoreUnavailable):
                services.bulk.steps.step(job.id, NOW_MS)
        assert statuses(services, events).count("gone") == 3
        job = ended(services, job)
        assert counts(job) == ("completed", 4, 0, 0)
        assert set(named_in_the_log(services, job)) == {to_text(one.id) for one in events}

    def test_what_another_worker_has_noted_is_not_counted_twice(
        self, services, create, monkeypatch
    ) -> None:
        for _ in range(3):
            create()
        job = begin(services, "pause")
        services.bulk.steps.step(job.id, NOW_MS)
        original, others = bulk_steps.BulkSteps._change, [True]

        def overtaken(self: Any, *args: Any) -> None:
            if others:
                others.clear()
                services.bulk.steps.step(job.id, NOW_MS)
            original(self, *args)

        monkeypatch.setattr(bulk_steps.BulkSteps, "_change", overtaken)
        assert services.bulk.steps.step(job.id, NOW_MS) is False
        assert counts(ended(services, job)) == ("completed", 3, 0, 0)

    def test_a_step_takes_a_bounded_time(self, services, clock, create, monkeypatch) -> None:
        """What is left of a plan goes on in the next step, and other jobs have their turn."""
        for _ in range(3):
            create()
        original = EventPlanner.replace

        def slow(self: Any, *args: Any) -> Any:
            clock.advance(bulk_steps.STEP_MS)
            return original(self, *args)

        monkeypatch.setattr(EventPlanner, "replace", slow)
        monkeypatch.setattr(module, "SLICE_MS", 1)
        monkeypatch.setattr(bulk_steps, "AT_ONCE", 1)
        job = begin(services, "pause")
        services.bulk.continue_waiting()
        half = services.bulk.get(to_text(job.id), MASTER)
        assert (half.done, len(half.planned), half.is_running) == (1, 2, True)
        assert counts(ended(services, job)) == ("completed", 3, 0, 0)


class TestJobs:
    def test_one_that_is_cancelled_stops_where_it_is(self, services, create) -> None:
        events = [create() for _ in range(5)]
        job = begin(services, "delete")
        services.bulk.steps.step(job.id, NOW_MS)
        services.bulk.steps.step(job.id, NOW_MS)
        cancelled = services.bulk.cancel(to_text(job.id), MASTER)
        assert counts(cancelled) == ("cancelled", 3, 0, 0)
        assert services.bulk.cancel(to_text(job.id), MASTER) == cancelled
        assert services.bulk.continue_waiting() == 0
        assert statuses(services, events).count("gone") == 3

    def test_one_that_has_ended_cannot_be_cancelled(self, services) -> None:
        job = ended(services, begin(services, "delete"))
        with pytest.raises(Conflict, match="The bulk job has ended: it is completed"):
            services.bulk.cancel(to_text(job.id), MASTER)

    def test_only_so_many_run_at_once(self, services, monkeypatch) -> None:
        monkeypatch.setattr(frame, "MAX_RUNNING", 1)
        begin(services, "pause")
        with pytest.raises(Conflict, match="1 bulk jobs are running"):
            begin(services, "pause")
        begin(services, "pause", access=RED)

    def test_one_is_called_for_and_forgotten_at_last(self, services, clock) -> None:
        assert services.bulk.call_for_waiting() is False
        services.queues.upkeep.away = True
        job = begin(services, "pause")
        services.queues.upkeep.away = False
        assert services.bulk.call_for_waiting() is True
        assert services.queues.upkeep.continued == 1
        ended(services, job)
        clock.advance(services.bulk.retention_ms + 1)
        assert services.bulk.forget_old(clock.ms) == 1
        assert services.bulk.list(MASTER, 9, None).items == ()
        assert services.storage.client.keys("qh:{bulk}*") == []

    def test_its_end_is_in_the_audit_log(self, services, create) -> None:
        create(tags=("red",))
        job = ended(services, begin(services, "pause", access=RED))
        end, step = log_of(services, job)
        assert end["after"] == {
            "action": "pause",
            "status": "completed",
            "reason": None,
            "done": 1,
            "left_alone": 0,
            "refused": 0,
        }
        assert (step["actor"], step["token"], step["action"]) == ("red", TOKEN.jti, "event.bulk")


def test_one_time_events_that_have_run_are_refused_with_the_reason(
    services: Services, clock: FakeClock, create: Create
) -> None:
    event = create(start_time=clock.ms + 5)
    services.actions.pause(to_text(event.id), MASTER, None, None)
    clock.advance(HOUR_MS)
    job = ended(services, begin(services, "resume"))
    after = now(services, event)
    assert after is not None
    assert job.done + job.refused == 1
    assert (after.status is EventStatus.PAUSED) is (job.refused == 1)
