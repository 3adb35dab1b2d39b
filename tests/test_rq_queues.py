"""RQ's workers as we run them: counted while they live, and not for long after."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
import redis
from rq.exceptions import StopRequested

from app import rq_queues
from app.rq_queues import DELIVER, WORKER_TTL_S, QhronosWorker, RqDrainQueue


@pytest.fixture
def worker(redis_client: redis.Redis) -> QhronosWorker:
    made = rq_queues.worker(DELIVER, redis_client)
    made.register_birth()
    return made


def test_a_sign_of_life_lasts_no_longer_for_a_job_without_an_end(
    worker: QhronosWorker, redis_client: redis.Redis
) -> None:
    worker.heartbeat(420)
    assert 0 < redis_client.ttl(worker.key) <= WORKER_TTL_S
    with redis_client.pipeline() as pipe:
        worker.heartbeat(420, pipeline=pipe)
        pipe.execute()
    assert 0 < redis_client.ttl(worker.key) <= WORKER_TTL_S


def test_one_that_was_forgotten_is_counted_again(
    worker: QhronosWorker, redis_client: redis.Redis
) -> None:
    drains = RqDrainQueue(redis_client)
    assert drains.workers() == 1
    redis_client.flushall()
    assert drains.workers() == 0
    worker.heartbeat()
    assert drains.workers() == 1


@pytest.fixture
def own_signals() -> Iterator[None]:
    """RQ takes the signals of the process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals")
def test_a_request_to_stop_is_remembered_whatever_becomes_of_the_exception(
    worker: QhronosWorker,
) -> None:
    """RQ takes it for a job's failure if it comes between two steps of a job."""
    told = []
    worker.on_stop = lambda: told.append(True)
    with pytest.raises(StopRequested):
        worker.request_stop(15, None)
    assert told
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
