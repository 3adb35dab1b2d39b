"""Processes that are stopped or killed in the middle of their work: nothing is lost."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping

import pytest

from app.domain.process import UP, process_from_json
from app.services.processes import ALIVE_MS
from app.store import keys
from app.store.connecting import connect
from app.store.processes import ProcessStore
from tests.support.api_client import Api, at, seconds_of
from tests.support.invariants import broken
from tests.support.processes import pids_with_environ
from tests.support.receiver import Receiver, Reply
from tests.support.stack import WORKER, Stack
from tests.support.wait import crowding, wait_until

pytestmark = pytest.mark.e2e

LEASE_S = 1.0
GRACE_S = 1.0
SLACK_S = 8.0
"""What a slow machine may add."""


@pytest.fixture(scope="module")
def shared_stack() -> Iterator[Stack]:
    """No worker but those that a test starts; a short grace, to see it end."""
    short = {"LEASE": "1s", "STOP_GRACE": "1s", "DELIVERY_TIMEOUT": "30s"}
    with Stack(workers=0, **short, DISK_FREE="1000TiB") as stack:
        yield stack


@pytest.fixture
def stack(shared_stack: Stack) -> Iterator[Stack]:
    shared_stack.up()
    yield shared_stack
    for worker in shared_stack.workers:
        worker.kill()


def assert_nothing_is_held(stack: Stack) -> None:
    with stack.redis() as client:
        assert not client.zcard(keys.leases(0))
        assert not broken(client)


def test_a_killed_workers_delivery_goes_to_another(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """kill -9 in mid-delivery: within the lease another worker makes the next attempt."""
    receiver.reply("/held", Reply.hang(), Reply(200))
    first = stack.add_worker()
    held = api.create(receiver.url("/held"))
    receiver.wait_for(1, 30, "/held")
    stack.add_worker()
    others = [api.create(receiver.url("/other"), ahead=0.1) for _ in range(20)]
    first.kill()
    killed_s = time.time()
    before, after = receiver.wait_for(2, 30, "/held")
    assert after.at_ns / 1e9 - killed_s < LEASE_S + SLACK_S * crowding()
    assert after.webhook_id == before.webhook_id
    assert [before.json["attempt"], after.json["attempt"]] == [1, 2]
    assert api.wait_for_status(held["id"], "completed")["attempt_count"] == 2
    for event in others:
        api.wait_for_status(event["id"], "completed")
    assert_nothing_is_held(stack)


@pytest.mark.timeout(120)
def test_an_occurrence_that_kills_three_workers_gets_no_fourth(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """It ends as failed and says why; what is delivered beside it is not held up."""
    receiver.reply("/deadly", Reply.hang())
    deadly = api.create(receiver.url("/deadly"), retry={"attempts": 9, "delays": ["100ms"]})
    for death in range(1, 4):
        worker = stack.add_worker()
        receiver.wait_for(death, 30, "/deadly")
        other = api.create(receiver.url("/other"))
        api.wait_for_status(other["id"], "completed")
        worker.kill()
    stack.add_worker()
    occurrence = api.wait_for_status(deadly["id"], "failed")
    assert (occurrence["attempt_count"], occurrence["status_code"]) == (3, None)
    assert occurrence["error_message"] == "3 workers died while delivering it"
    assert len(receiver.requests_to("/deadly")) == 3
    assert_nothing_is_held(stack)


def test_a_stopped_worker_finishes_what_is_under_way(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """SIGTERM in mid-delivery: the attempt ends and is recorded, then the worker is gone."""
    receiver.reply("/", Reply(200, body=b"at last", delay=0.7))
    worker = stack.add_worker()
    event = api.create(receiver.url("/"))
    receiver.wait_for(1, 30)
    status, _ = worker.stop()
    assert status == 0
    occurrence = api.only_occurrence(event["id"])
    assert occurrence["status"] == "completed"
    assert occurrence["response_body"] == "at last"
    assert len(receiver.requests) == 1
    assert_nothing_is_held(stack)


def test_nothing_comes_early_while_workers_come_and_go(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """What a worker has claimed ahead of its time goes back to its time when it is told to stop."""
    count, start = 120, time.time() + 2
    for number in range(count):
        api.create(receiver.url("/"), start_time=at(start + number * 0.025))
    worker = stack.add_worker()
    while len(receiver.requests) < count:
        # The next one is there before this one goes: what it gives back is taken up at once.
        before, worker = worker, stack.add_worker()
        receiver.wait_for(min(len(receiver.requests) + 1, count), 30)
        wait_until(lambda old=before: old.handles(signal.SIGTERM), "it can be told to stop")
        assert before.stop()[0] == 0
    early = [seconds_of(one.json["scheduled_at"]) - one.at_ns / 1e9 for one in receiver.requests]
    assert max(early) <= 0
    assert len({one.webhook_id for one in receiver.requests}) == len(receiver.requests) == count
    assert_nothing_is_held(stack)


def test_an_idle_worker_stops_at_once(stack: Stack) -> None:
    """SIGTERM without work: exit status 0, well within the grace."""
    known = _workers(stack, "deliver")
    worker = stack.add_worker()
    wait_until(lambda: _workers(stack, "deliver") - known, "the worker is there")
    status, took_s = worker.stop()
    assert status == 0
    assert took_s < 5 * crowding()


def test_a_receiver_that_hangs_does_not_keep_a_worker(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """SIGTERM and no answer within the grace: the worker goes, another attempt follows."""
    receiver.reply("/", Reply.hang(), Reply(200))
    worker = stack.add_worker()
    event = api.create(receiver.url("/"))
    receiver.wait_for(1, 30)
    status, took_s = worker.stop()
    assert status == 0
    assert took_s < GRACE_S + SLACK_S * crowding()
    stack.add_worker()
    before, after = receiver.wait_for(2, 30)
    assert after.webhook_id == before.webhook_id
    assert after.json["attempt"] == 2
    assert api.wait_for_status(event["id"], "completed")["attempt_count"] == 2
    assert_nothing_is_held(stack)


@pytest.mark.parametrize("role", ["scheduler", "upkeep", "web"])
def test_the_other_processes_stop_cleanly(stack: Stack, role: str) -> None:
    """SIGTERM ends each of them with status 0."""
    program = getattr(stack, role)
    if role == "upkeep":
        wait_until(lambda: _workers(stack, "upkeep"), "the upkeep worker is there")
    status, took_s = program.stop()
    assert status == 0
    assert took_s < GRACE_S + SLACK_S * crowding()


def test_a_worker_host_runs_all_its_parts_and_stops_them(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """``python worker.py`` by itself: deliveries happen, SIGTERM ends every process of it."""
    mark = f"{stack.directory}/host"
    host = stack.program("host", *WORKER, WORKERS="1", DATA_DIR=mark)
    host.start()
    try:
        event = api.create(receiver.url("/"))
        api.wait_for_status(event["id"], "completed")
        status, took_s = host.stop()
        assert status == 0
        assert took_s < GRACE_S + SLACK_S * crowding()
        assert pids_with_environ(mark) == []
    finally:
        host.kill()


def _workers(stack: Stack, queue: str) -> set[bytes]:
    """What RQ knows of workers; those that were killed stay listed for a while."""
    with stack.redis() as client:
        return set(client.smembers(f"rq:workers:{queue}"))


@pytest.mark.timeout(120)
def test_everything_may_be_killed_at_once(stack: Stack, api: Api, receiver: Receiver) -> None:
    """kill -9 of all, the store too: every event is there again, what fell due is delivered."""
    receiver.reply("/held", Reply.hang(), Reply(200))
    stack.add_worker()
    held = api.create(receiver.url("/held"))
    receiver.wait_for(1, 30, "/held")
    due = [api.create(receiver.url("/due"), ahead=1, tags=["due"]) for _ in range(10)]
    later = api.event(api.create(receiver.url("/later"), ahead=3_600, metadata={"a": 1})["id"])
    series = api.create(receiver.url("/series"), ahead=1, schedule={"every": "1s"})
    stack.kill_all()
    wait_until(lambda: time.time() > seconds_of(due[-1]["start_time"]) + 1, "their time passes")

    stack.up()
    stack.add_worker()
    assert api.event(later["id"]) == later
    for event in due:
        api.wait_for_status(event["id"], "completed")
    assert api.wait_for_status(held["id"], "completed")["attempt_count"] == 2
    requests = receiver.wait_for(3, 30, "/series")
    assert requests[0].json["scheduled_at"] == at(seconds_of(series["start_time"]))
    assert len({one.webhook_id for one in receiver.requests_to("/due")}) == 10
    assert len({one.json["event_id"] for one in receiver.requests_to("/due")}) == 10
    api.client.events.delete(series["id"])
    wait_until(lambda: figures_of(api, "due")["completed"] == 10, "they are counted")
    assert sum(figures_of(api, "due").values()) == 10


def figures_of(api: Api, tag: str) -> Mapping[str, int]:
    """What became of what bears a tag, as ``GET /stats`` has it."""
    return api.client.stats(tag=tag).total.outcomes


@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_the_store_may_be_restarted_under_load(
    stack: Stack, api: Api, receiver: Receiver, how: signal.Signals
) -> None:
    """While the store is away the API says 503; then all goes on, in the same processes."""
    workers = [stack.add_worker(), stack.add_worker()]
    series = api.create(receiver.url("/series"), schedule={"every": "1s"})
    receiver.wait_for(1, 30, "/series")
    event = api.create(receiver.url("/due"), ahead=1)
    if how is signal.SIGKILL:
        stack.store.kill()
    else:
        stack.store.stop()
    for method, path, body in [
        ("GET", "/health", None),
        ("GET", f"/events/{event['id']}", None),
        ("POST", "/events", {"name": "x", "webhook": receiver.url("/"), "start_time": at(0)}),
    ]:
        answer = api.call(method, path, body)
        assert answer.status == 503, answer
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json["error"]
    wait_until(lambda: time.time() > seconds_of(event["start_time"]), "the event falls due")

    stack.store.start()
    wait_until(api.answers, "the API answers again")
    assert api.wait_for_status(event["id"], "completed")["attempt_count"] == 1
    receiver.wait_for(len(receiver.requests_to("/series")) + 2, 30, "/series")
    soon = api.create(receiver.url("/soon"))
    api.wait_for_status(soon["id"], "completed")
    ended = [program.name for program in [*stack.programs, *workers] if not program.running]
    assert not ended
    api.client.events.delete(series["id"])


def all_spoke_to_the_api(stack: Stack) -> bool:
    """Whether each process has said that it is alive since the API is there.

    An API that has never heard of one waits for it to begin, for half a minute.
    """
    with connect(stack.store.url) as store:
        known = [
            (until_ms / 1000, process_from_json(facts))
            for until_ms, facts in ProcessStore(store).known().values()
        ]
    alive = [(until, one) for until, one in known if until > time.time()]
    began = [until - one.gauges[UP] for until, one in alive if one.role == "web"]
    return bool(began) and all(until > max(began) for until, _ in alive)


def test_whoever_is_killed_is_missed_within_seconds_and_no_longer_than_that(
    stack: Stack, api: Api
) -> None:
    """The API is all that is left, and says so; who asks whether it serves is told that it does."""

    def codes() -> set[str]:
        return {one["code"] for one in api.get("/status")["problems"]}

    stack.add_worker()
    stack.up()
    wait_until(lambda: api.get("/status")["workers"], "the worker is alive")
    assert codes() <= {"disk", "drains_fail"}, "other tests have killed workers, too"
    assert "disk" in codes(), "no disk has so much room"
    wait_until(lambda: all_spoke_to_the_api(stack), "the API has seen each of them alive")
    killed = [stack.scheduler, stack.upkeep, *stack.workers]
    for program in killed:
        assert program is not None
        program.kill()
    begun = time.monotonic()
    wait_until(lambda: codes() >= {"no_worker", "no_scheduler", "no_upkeep"}, "they are missed")
    assert time.monotonic() - begun < (ALIVE_MS / 1000 + 5) * crowding()
    assert api.call("GET", "/health").status == 200
    stack.add_worker()
    stack.up()
    wait_until(lambda: codes() <= {"disk", "drains_fail"}, "nobody is missed")
