"""RQ: the queues, how jobs are written, and which upkeep runs when.

Job arguments hold no user data: the dashboard shows them as they are. Jobs are written as JSON,
since unpickling would let anyone who can write to Redis run code.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import redis
from rq import Queue, SimpleWorker, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from app.errors import StoreUnavailable

DELIVER = "deliver"
UPKEEP = "upkeep"

UPKEEP_EVERY_S = {"recover": 5, "reconcile": 30, "retain": 60}
"""The upkeep jobs and their intervals, in seconds."""

WORKER_TTL_S = 45
"""How long a worker that was killed still counts as one; a drain ends well before."""

MAX_WAITING_UPKEEP = 20
"""With no worker to take them, no more upkeep jobs than this pile up."""


class JsonJob(Job):
    """A job that is always written as JSON; rq-scheduler knows no other way to say so."""

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> Job:
        """Make a job; see ``rq.job.Job.create``."""
        kwargs["serializer"] = JSONSerializer
        return super().create(*args, **kwargs)

    @classmethod
    def fetch(cls, *args: Any, **kwargs: Any) -> Job:
        """Read a job; see ``rq.job.Job.fetch``."""
        kwargs["serializer"] = JSONSerializer
        return super().fetch(*args, **kwargs)


def queue(name: str, broker: redis.Redis) -> Queue:
    """Open one of the two queues."""
    return Queue(name, connection=broker, job_class=JsonJob, serializer=JSONSerializer)


class RqDrainQueue:
    """Drain jobs on RQ; see ``app.engine.scheduler.DrainQueue``."""

    def __init__(self, broker: redis.Redis) -> None:
        self._broker = broker
        self._queue = queue(DELIVER, broker)

    def enqueue_drain(self) -> None:
        """Call for one more drain."""
        # A drain bounds its own time; RQ's alarm would cut it off in mid-delivery.
        _ask(
            lambda: self._queue.enqueue(
                "app.jobs.drain", job_timeout=-1, result_ttl=60, failure_ttl=3600
            )
        )

    def waiting(self) -> int:
        """How many drain jobs no worker has taken yet."""
        return int(_ask(lambda: self._queue.count))

    def workers(self) -> int:
        """How many delivery workers there are."""
        return int(_ask(self._living))

    def _living(self) -> int:
        # RQ's register keeps workers that were killed; their own keys end soon after them.
        names = Worker.all_keys(queue=self._queue)
        return int(self._broker.exists(*names)) if names else 0


class RqUpkeepQueue:
    """Jobs beside the periodic ones: ``ReplanQueue`` of calendars, ``RedeliveryQueue``."""

    def __init__(self, broker: redis.Redis) -> None:
        self._queue = queue(UPKEEP, broker)

    def enqueue_replan(self, name: str) -> None:
        """Have the events of a calendar planned anew; its name is the argument."""
        _ask(
            lambda: self._queue.enqueue(
                "app.jobs.replan", name, job_timeout=120, result_ttl=60, failure_ttl=3600
            )
        )

    def enqueue_redelivery(self, job_id: str) -> None:
        """Have somebody go on with a retry job."""
        _ask(
            lambda: self._queue.enqueue(
                "app.jobs.retry", job_id, job_timeout=120, result_ttl=60, failure_ttl=3600
            )
        )


def _ask(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except redis.exceptions.RedisError as error:
        raise StoreUnavailable("RQ's Redis does not answer; try again shortly.") from error


class UpkeepSchedule:
    """The upkeep jobs as rq-scheduler keeps them.

    rq-scheduler forgets a job if it dies between taking it out and putting it back, so the jobs
    have fixed ids and are registered again with every start and look.
    """

    def __init__(self, broker: redis.Redis) -> None:
        self._queue = queue(UPKEEP, broker)
        # Its lock outlives one who was killed while he held it by the interval and ten seconds.
        self._scheduler = Scheduler(
            queue=self._queue, connection=broker, job_class=JsonJob, interval=1
        )

    def register(self, now: Any) -> None:
        """Add those upkeep jobs that are not scheduled; ``now`` is naive UTC, as it wants."""
        for name, seconds in UPKEEP_EVERY_S.items():
            if f"upkeep-{name}" not in self._scheduler:
                self._scheduler.schedule(
                    scheduled_time=now,
                    func=f"app.jobs.{name}",
                    interval=seconds,
                    id=f"upkeep-{name}",
                    timeout=120,
                    result_ttl=-1,
                    queue_name=UPKEEP,
                )

    def enqueue_due(self) -> None:
        """Move upkeep jobs that are due to their queue, unless nobody takes them."""
        if self._queue.count < MAX_WAITING_UPKEEP and self._scheduler.acquire_lock():
            try:
                self._scheduler.enqueue_jobs()
            finally:
                self._scheduler.remove_lock()


@contextlib.contextmanager
def _give_up() -> Iterator[None]:
    """Have RQ's loop end with one line when its Redis refuses writes, not with a long trace.

    Whoever runs the worker begins again.
    """
    try:
        yield
    except redis.exceptions.RedisError as error:
        raise redis.exceptions.TimeoutError(str(error)) from error


class QhronosWorker(SimpleWorker):
    """An RQ worker that runs jobs in its own process and passes on a request to stop.

    No fork per job: a drain keeps its connections, and its threads would not survive a fork.
    """

    max_connection_wait_time = 2
    on_stop: Any = None

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Wait for a job; see ``_give_up``."""
        with _give_up():
            return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)

    def subscribe(self) -> None:
        """Leave it out: nobody sends commands, and its thread dies loudly when Redis goes away."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job in this process; see ``_give_up``."""
        with _give_up():
            super().execute_job(job, queue)

    def heartbeat(self, _timeout: int | None = None, pipeline: Any = None) -> None:
        """Show that this worker lives, for as long as every worker does.

        While a job without an end runs, RQ would have it count as alive for seven minutes. A
        worker that was forgotten while its Redis was away is registered again.
        """
        if pipeline is None and not self.connection.hexists(self.key, "birth"):
            self.connection.delete(self.key)
            self.register_birth()  # type: ignore[no-untyped-call]
        super().heartbeat(WORKER_TTL_S, pipeline)

    def set_shutdown_requested_date(self) -> None:
        """Leave it out: a Redis that is away would hold up the stop and break the job."""

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """Run a job, with signs of life beside it: a drain may go on for longer than they last."""
        ended = threading.Event()
        beside = threading.Thread(target=self._beat, args=(ended,), name="heartbeat", daemon=True)
        beside.start()
        try:
            return bool(super().perform_job(job, queue))
        finally:
            ended.set()

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(WORKER_TTL_S / 3):
            with contextlib.suppress(redis.exceptions.RedisError):
                self.heartbeat()

    def request_stop(self, signum: Any, frame: Any) -> None:
        """Tell the running job first, then stop as RQ does."""
        # What RQ raises to stop a worker between two jobs is taken for the failure of a job that
        # just begins or ends; then this is what it finds.
        self._stop_requested = True
        if self.on_stop is not None:
            self.on_stop()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def worker(name: str, broker: redis.Redis, on_stop: Any = None) -> QhronosWorker:
    """Make a worker for one queue (with one, RQ takes jobs without a window to lose them in)."""
    made = QhronosWorker(
        [queue(name, broker)],
        connection=broker,
        job_class=JsonJob,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
    )
    made.on_stop = on_stop
    return made
