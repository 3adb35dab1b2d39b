"""What RQ calls by name: the names are stored in jobs that an earlier version enqueued."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import pytest
import redis
from rq.utils import import_attribute

from app import jobs, rq_queues
from app.errors import ShardUnavailable
from app.rq_queues import UPKEEP_EVERY_S, RqDrainQueue, RqUpkeepQueue

CALLS = {
    "drain": ((), "drain"),
    "recover": ((), "upkeep.recover"),
    "reconcile": ((), "upkeep.reconcile"),
    "retain": ((), "upkeep.retain"),
    "repair": ((), "upkeep.repair"),
    "replan": (("holidays",), "services.calendars.replan"),
    "retry": (("0123",), "services.redeliveries.work"),
}


class Recorded:
    """Stands for the engine: any call of it answers with the name and the arguments."""

    def __init__(self, name: str = "") -> None:
        self._name = name

    def __getattr__(self, name: str) -> Recorded:
        return Recorded(f"{self._name}.{name}" if self._name else name)

    def __call__(self, *args: str) -> object:
        return self._name, args


@pytest.mark.parametrize("name", CALLS)
def test_each_name_that_may_be_stored_is_there_and_does_its_work(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, wanted = CALLS[name]
    monkeypatch.setattr(jobs, "worker_engine", Recorded)
    answer = import_attribute(f"app.jobs.{name}")(*arguments)
    assert answer == (wanted, arguments)


def test_all_jobs_in_the_background_are_continued_but_those_on_a_shard_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> int:
        raise ShardUnavailable("10.0.0.1:6379")

    given: list[object] = []
    services = SimpleNamespace(
        redeliveries=SimpleNamespace(continue_waiting=away),
        import_jobs=SimpleNamespace(continue_waiting=lambda load: given.append(load) or 2),
        bulk=SimpleNamespace(continue_waiting=lambda: 3),
    )
    monkeypatch.setattr(jobs, "worker_engine", lambda: SimpleNamespace(services=services))
    assert import_attribute("app.jobs.continue_retries")() == 5
    assert given == [jobs.LOAD]


def test_there_are_no_others() -> None:
    made_here = [one for one in vars(jobs).values() if inspect.isfunction(one)]
    assert {one.__name__ for one in made_here if one.__module__ == jobs.__name__} == {
        *CALLS,
        "continue_retries",
    }


def test_what_is_enqueued_can_be_called(redis_client: redis.Redis) -> None:
    """Every job names one of them, with as many arguments as it takes."""
    RqDrainQueue(redis_client).enqueue_drain()
    upkeep = RqUpkeepQueue(redis_client)
    upkeep.enqueue_waiting_redeliveries()
    upkeep.enqueue_replan("holidays")
    upkeep.enqueue_repair()
    upkeep.enqueue_redelivery("0123")
    enqueued = [
        job
        for name in (rq_queues.DELIVER, rq_queues.UPKEEP)
        for job in rq_queues.queue(name, redis_client).jobs
    ]
    assert {job.func_name for job in enqueued} == {
        f"app.jobs.{name}" for name in ("drain", "replan", "repair", "retry", "continue_retries")
    }
    periodic = [SimpleNamespace(func_name=f"app.jobs.{name}", args=()) for name in UPKEEP_EVERY_S]
    for job in (*enqueued, *periodic):
        inspect.signature(import_attribute(job.func_name)).bind(*job.args)


def test_a_repair_that_is_enqueued_is_not_enqueued_again(redis_client: redis.Redis) -> None:
    """Every drain calls for it; the jobs of others are next in between."""
    upkeep = RqUpkeepQueue(redis_client)
    for _ in range(3):
        upkeep.enqueue_repair()
    upkeep.enqueue_replan("holidays")
    queue = rq_queues.queue(rq_queues.UPKEEP, redis_client)
    assert [job.func_name for job in queue.jobs] == ["app.jobs.repair", "app.jobs.replan"]
    queue.pop_job_id()
    upkeep.enqueue_repair()
    assert [job.func_name for job in queue.jobs] == ["app.jobs.replan", "app.jobs.repair"]
