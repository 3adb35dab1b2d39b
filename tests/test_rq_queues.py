"""RQ's workers as we run them: JSON jobs, no fork, counted while they live and not for long after.

Some of it overrides methods of RQ or rq-scheduler. When one of these tests fails after a change
of either, read the change to the method that it names, and change ``app.rq_queues`` until the
rule holds again; a setting of RQ's own is to be preferred.
"""

from __future__ import annotations

import inspect
import json
import os
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import DefaultSerializer
from rq.worker import WorkerStatus
from rq_scheduler import Scheduler

from app import rq_queues
from app.errors import BrokerUnavailable
from app.rq_queues import (
    DELIVER,
    MAX_WAITING_UPKEEP,
    UPKEEP,
    UPKEEP_EVERY_S,
    WORKER_TTL_S,
    JsonJob,
    QhronosWorker,
    RqDrainQueue,
    RqUpkeepQueue,
    UpkeepSchedule,
)
from app.store.brokers import connect_broker_briefly
from tests.support import rq_jobs
from tests.support.wait import wait_until

LONG_AGO = datetime(2026, 1, 1)  # noqa: DTZ001 - as rq-scheduler wants it


@pytest.fixture
def worker(redis_client: redis.Redis) -> QhronosWorker:
    made = rq_queues.worker(DELIVER, redis_client)
    made.register_birth()
    return made


@pytest.fixture
def own_signals() -> Iterator[None]:
    """RQ takes the signals of the process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def no_pickles(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a pickle")

    monkeypatch.setattr(DefaultSerializer, "dumps", refuse)
    monkeypatch.setattr(DefaultSerializer, "loads", refuse)


@pytest.fixture
def run_job(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, own_signals: None
) -> Callable[..., Job]:
    """Has a worker run one job; returns the job, read again."""

    def run(todo: Callable[[], object], kind: type[QhronosWorker] = QhronosWorker) -> Job:
        monkeypatch.setattr(rq_jobs, "todo", todo)
        monkeypatch.setattr(rq_queues, "QhronosWorker", kind)
        queue = rq_queues.queue(DELIVER, redis_client)
        job = queue.enqueue("tests.support.rq_jobs.run", job_timeout=-1)
        rq_queues.worker(DELIVER, redis_client).work(burst=True, logging_level="WARNING")
        return JsonJob.fetch(job.id, connection=redis_client)

    return run


def test_why_a_job_has_failed_is_kept_without_the_secrets_in_it(
    run_job: Callable[..., Job],
) -> None:
    """RQ keeps the traceback in its Redis, and its dashboard shows it."""

    def fail() -> None:
        raise ValueError("redis://:hunter2@host is away")

    result = run_job(fail).latest_result()
    assert result is not None
    assert "redis://***@host is away" in (result.exc_string or "")
    assert "hunter2" not in (result.exc_string or "")


def test_a_sign_of_life_lasts_no_longer_for_a_job_without_an_end(
    worker: QhronosWorker, redis_client: redis.Redis
) -> None:
    worker.heartbeat(420)
    assert 0 < redis_client.ttl(worker.key) <= WORKER_TTL_S
    with redis_client.pipeline() as pipe:
        worker.heartbeat(420, pipeline=pipe)
        pipe.execute()
    assert 0 < redis_client.ttl(worker.key) <= WORKER_TTL_S


def test_the_worker_s_key_lives_no_longer_while_a_job_without_an_end_runs(
    run_job: Callable[..., Job], redis_client: redis.Redis
) -> None:
    """RQ sets it anew before each job, by ``heartbeat`` with the time of the job."""
    seen = []

    def look() -> None:
        (key,) = redis_client.keys("rq:worker:*")
        seen.append(redis_client.ttl(key))

    run_job(look)
    assert 0 < seen[0] <= WORKER_TTL_S


def test_a_long_job_is_no_reason_to_count_its_worker_as_killed(
    run_job: Callable[..., Job], redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rq_queues, "WORKER_TTL_S", 1)
    seen = []

    def outlive_the_key() -> None:
        (key,) = redis_client.keys("rq:worker:*")
        redis_client.hdel(key, "last_heartbeat")
        wait_until(lambda: redis_client.hexists(key, "last_heartbeat"), "a heartbeat")
        seen.append(redis_client.exists(key))

    run_job(outlive_the_key)
    assert seen == [1]
    wait_until(
        lambda: "heartbeat" not in {one.name for one in threading.enumerate()}, "its thread ends"
    )


def test_one_that_was_forgotten_is_registered_again(
    worker: QhronosWorker, redis_client: redis.Redis
) -> None:
    """So the dashboard shows it."""
    redis_client.flushall()
    worker.heartbeat()
    assert QhronosWorker.all_keys(queue=worker.queues[0]) == [worker.key]


def test_a_heartbeat_does_not_register_a_worker_that_is_registered(
    worker: QhronosWorker, redis_client: redis.Redis
) -> None:
    """The field ``birth``: by it a whole registration is told from a mere heartbeat."""
    redis_client.hset(worker.key, "mark", "1")
    worker.heartbeat()
    assert redis_client.hexists(worker.key, "birth")
    assert redis_client.hexists(worker.key, "mark")


@pytest.mark.usefixtures("own_signals")
def test_a_request_to_stop_is_remembered_whatever_becomes_of_the_exception(
    worker: QhronosWorker,
) -> None:
    """RQ takes it for a job's failure if it comes between two steps of a job."""
    told = []
    worker.on_stop = lambda: told.append(True)
    worker._in_loop = True
    with pytest.raises(StopRequested):
        worker.request_stop(15, None)
    assert told
    assert worker._stop_requested


@pytest.mark.usefixtures("own_signals")
def test_a_request_to_stop_after_rq_s_loop_raises_nothing(redis_client: redis.Redis) -> None:
    """RQ's handlers stay installed when its loop ends; who called it may be closing connections."""
    worker = rq_queues.worker(DELIVER, redis_client)
    told = []
    worker.on_stop = lambda: told.append(True)
    worker.work(burst=True, logging_level="WARNING")
    signal.raise_signal(signal.SIGTERM)
    assert told
    assert worker._stop_requested


@pytest.mark.usefixtures("own_signals")
def test_a_worker_that_remembers_a_request_to_stop_takes_no_job(
    redis_client: redis.Redis,
) -> None:
    """``_stop_requested``: what RQ's loop looks at."""
    queue = rq_queues.queue(DELIVER, redis_client)
    queue.enqueue("tests.support.rq_jobs.run", job_timeout=-1)
    worker = rq_queues.worker(DELIVER, redis_client)
    worker._stop_requested = True
    worker.work(burst=True, logging_level="WARNING")
    assert queue.count == 1


@pytest.mark.usefixtures("own_signals")
def test_a_request_to_stop_during_a_job_asks_nothing_of_redis(redis_client: redis.Redis) -> None:
    """It may be away: the stop would wait for it, and the job would fail."""
    worker = rq_queues.worker(DELIVER, redis_client)
    worker._in_loop = True
    worker._state = WorkerStatus.BUSY
    worker.connection = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    worker.request_stop(15, None)
    assert worker._stop_requested


def test_a_redis_that_refuses_writes_ends_the_loop_without_a_trace(
    worker: QhronosWorker, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever runs the worker then begins again."""
    redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.exceptions.TimeoutError):
            worker.dequeue_job_and_maintain_ttl(1)
    finally:
        redis_client.config_set("maxmemory", 0)
    assert "Traceback" not in caplog.text


def test_a_redis_that_refuses_writes_after_a_job_ends_the_loop_without_a_trace(
    run_job: Callable[..., Job], redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """``work`` catches ``TimeoutError`` alone; its farewell fails too, for ``app.workers``."""
    try:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            run_job(lambda: redis_client.config_set("maxmemory", 1))
    finally:
        redis_client.config_set("maxmemory", 0)
    assert not caplog.text
    assert "unhandled exception" not in caplog.text


OVERRIDDEN = {
    "dequeue_job_and_maintain_ttl": ["self", "timeout", "max_idle_time"],
    "execute_job": ["self", "job", "queue"],
    "get_heartbeat_ttl": ["self", "job"],
    "handle_job_failure": ["self", "job", "queue", "started_job_registry", "exc_string"],
    "heartbeat": ["self", "timeout", "pipeline"],
    "perform_job": ["self", "job", "queue"],
    "request_stop": ["self", "signum", "frame"],
    "set_shutdown_requested_date": ["self"],
    "subscribe": ["self"],
    "work": [
        "self",
        "burst",
        "logging_level",
        "date_format",
        "log_format",
        "max_jobs",
        "max_idle_time",
        "with_scheduler",
        "dequeue_strategy",
    ],
}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_rq_still_has_what_is_overridden(name: str) -> None:
    assert list(inspect.signature(getattr(SimpleWorker, name)).parameters) == OVERRIDDEN[name]


def test_everything_that_is_overridden_is_named_above() -> None:
    """And what is ours alone has no name that RQ uses for something else."""
    ours = {name for name in vars(QhronosWorker) if not name.startswith("__")}
    known = set(dir(SimpleWorker))
    assert ours & known == {*OVERRIDDEN, "max_connection_wait_time"}
    assert ours - known == {"_beat", "_in_loop", "mask", "on_stop"}


def test_rq_calls_what_is_overridden(run_job: Callable[..., Job]) -> None:
    called: list[str] = []

    def told(name: str) -> Callable[..., object]:
        def method(self: QhronosWorker, *args: object, **options: object) -> object:
            called.append(name)
            return getattr(QhronosWorker, name)(self, *args, **options)

        return method

    def stop_and_fail() -> None:
        signal.raise_signal(signal.SIGTERM)
        raise ValueError

    spies = {name: told(name) for name in OVERRIDDEN}
    spied = type("Spied", (QhronosWorker,), spies)
    run_job(stop_and_fail, spied)
    assert set(called) == set(OVERRIDDEN)


def test_a_job_runs_in_the_worker_s_own_process(run_job: Callable[..., Job]) -> None:
    assert run_job(os.getpid).return_value() == os.getpid()


@pytest.mark.parametrize("ahead_s", [3_600, 14 * 3_600])
def test_a_host_whose_clock_is_hours_ahead_lists_no_running_job_of_others_as_failed(
    run_job: Callable[..., Job], redis_client: redis.Redis, ahead_s: int
) -> None:
    """As with the local time in place of UTC. Workers clean these lists by their own clocks."""
    queue = rq_queues.queue(DELIVER, redis_client)

    def clean() -> list[str]:
        queue.started_job_registry.cleanup(time.time() + ahead_s)
        return queue.failed_job_registry.get_job_ids(cleanup=False)

    assert run_job(clean).return_value() == []


def test_a_worker_listens_for_no_commands(
    run_job: Callable[..., Job], redis_client: redis.Redis
) -> None:
    assert run_job(lambda: len(redis_client.pubsub_channels("rq:*"))).return_value() == 0


@pytest.mark.usefixtures("no_pickles")
def test_a_job_is_json_from_its_call_to_its_result(
    run_job: Callable[..., Job], redis_client: redis.Redis
) -> None:
    job = run_job(lambda: {"a": [1]})
    assert job.return_value() == {"a": [1]}
    data = zlib.decompress(redis_client.hget(job.key, "data") or b"")
    assert json.loads(data)[0] == "tests.support.rq_jobs.run"


@pytest.mark.usefixtures("no_pickles")
def test_upkeep_jobs_are_scheduled_once_and_enqueued_as_json(redis_client: redis.Redis) -> None:
    """By rq-scheduler, which passes no serializer: ``JsonJob.create`` and ``fetch`` name it."""
    schedule, queue = UpkeepSchedule(redis_client), rq_queues.queue(UPKEEP, redis_client)
    schedule.register(LONG_AGO)
    schedule.register(LONG_AGO)
    schedule.enqueue_due()
    assert set(queue.job_ids) == {f"upkeep-{name}" for name in UPKEEP_EVERY_S}
    assert {job.func_name for job in queue.jobs} == {f"app.jobs.{name}" for name in UPKEEP_EVERY_S}
    assert {job.timeout for job in queue.jobs} == {120}
    schedule.enqueue_due()
    assert queue.count == len(UPKEEP_EVERY_S), "what was enqueued is due an interval later"


def test_upkeep_jobs_are_scheduled_again_at_their_intervals(redis_client: redis.Redis) -> None:
    schedule = UpkeepSchedule(redis_client)
    schedule.register(LONG_AGO)
    schedule.enqueue_due()
    (now_s, _) = redis_client.time()
    times = dict(redis_client.zrange(Scheduler.scheduled_jobs_key, 0, -1, withscores=True))
    ahead = {name.decode(): round(at_s - now_s) for name, at_s in times.items()}
    for name, seconds in UPKEEP_EVERY_S.items():
        assert abs(ahead[f"upkeep-{name}"] - seconds) <= 1


def test_it_is_known_when_the_first_upkeep_job_is_due(redis_client: redis.Redis) -> None:
    schedule = UpkeepSchedule(redis_client)
    long_ago_s = LONG_AGO.replace(tzinfo=UTC).timestamp()
    assert schedule.register(LONG_AGO) == long_ago_s, "they are added"
    assert schedule.register(LONG_AGO) == long_ago_s, "they are there"
    schedule.enqueue_due()
    (now_s, _) = redis_client.time()
    assert schedule.register(LONG_AGO) == pytest.approx(now_s + UPKEEP_EVERY_S["recover"], abs=1.5)


def test_a_schedule_whose_broker_is_away_says_so_and_goes_on_when_it_is_back(
    redis_client: redis.Redis,
) -> None:
    """Else the loop that asks for it would end, and no upkeep be done until a restart."""
    schedule = UpkeepSchedule(connect_broker_briefly("redis://127.0.0.1:1"))
    with pytest.raises(BrokerUnavailable):
        schedule.register(LONG_AGO)
    with pytest.raises(BrokerUnavailable):
        schedule.enqueue_due()
    schedule._scheduler.connection = redis_client
    assert schedule.register(LONG_AGO) == LONG_AGO.replace(tzinfo=UTC).timestamp()


def test_an_interval_that_an_earlier_version_has_left_is_replaced(
    redis_client: redis.Redis,
) -> None:
    UpkeepSchedule(redis_client).register(LONG_AGO)
    job = JsonJob.fetch("upkeep-recover", connection=redis_client)
    job.meta["interval"] = 5
    job.save()
    schedule = UpkeepSchedule(redis_client)
    for _ in range(2):
        schedule.register(LONG_AGO)
    job = JsonJob.fetch("upkeep-recover", connection=redis_client)
    assert job.meta["interval"] == UPKEEP_EVERY_S["recover"]


def test_a_recovery_is_called_for_once(redis_client: redis.Redis) -> None:
    """It is beside the periodic one, whose turn may be in some time."""
    calls, queue = RqUpkeepQueue(redis_client), rq_queues.queue(UPKEEP, redis_client)
    calls.enqueue_repair()
    for _ in range(2):
        calls.enqueue_recovery()
    assert [job.func_name for job in queue.jobs] == ["app.jobs.repair", "app.jobs.recover"]


def test_a_job_that_rq_scheduler_lost_is_registered_again(redis_client: redis.Redis) -> None:
    schedule = UpkeepSchedule(redis_client)
    schedule.register(LONG_AGO)
    redis_client.zrem(Scheduler.scheduled_jobs_key, "upkeep-retain")
    schedule.register(LONG_AGO)
    assert redis_client.zcard(Scheduler.scheduled_jobs_key) == len(UPKEEP_EVERY_S)


def test_upkeep_jobs_that_nobody_takes_do_not_pile_up(redis_client: redis.Redis) -> None:
    for number in range(MAX_WAITING_UPKEEP):
        RqUpkeepQueue(redis_client).enqueue_replan(f"calendar-{number}")
    schedule = UpkeepSchedule(redis_client)
    schedule.register(LONG_AGO)
    schedule.enqueue_due()
    assert rq_queues.queue(UPKEEP, redis_client).count == MAX_WAITING_UPKEEP


def test_two_schedulers_do_not_enqueue_at_once(redis_client: redis.Redis) -> None:
    """rq-scheduler's lock; who was killed while he held it has it for eleven seconds."""
    killed = Scheduler(connection=redis_client, interval=1)
    assert killed.acquire_lock()
    assert 0 < redis_client.ttl(Scheduler.scheduler_lock_key) <= 11
    schedule, queue = UpkeepSchedule(redis_client), rq_queues.queue(UPKEEP, redis_client)
    schedule.register(LONG_AGO)
    schedule.enqueue_due()
    assert queue.count == 0
    redis_client.delete(Scheduler.scheduler_lock_key)  # it has expired
    schedule.enqueue_due()
    assert queue.count == len(UPKEEP_EVERY_S)
    assert not redis_client.exists(Scheduler.scheduler_lock_key)


def test_a_redis_that_is_away_is_told_in_the_service_s_words() -> None:
    away = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    drains, upkeep = RqDrainQueue(away), RqUpkeepQueue(away)
    asked: list[Callable[[], object]] = [
        drains.enqueue_drain,
        drains.waiting,
        lambda: upkeep.enqueue_replan("a"),
        lambda: upkeep.enqueue_redelivery("a"),
    ]
    for ask in asked:
        with pytest.raises(BrokerUnavailable, match="QHRONOS_BROKER_URL"):
            ask()
