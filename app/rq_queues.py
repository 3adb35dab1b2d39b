"""RQ: the queues, their jobs and workers, and the schedule of upkeep jobs.

Job arguments hold no user data, because the dashboard shows them. Jobs are JSON: with pickles,
anyone who can write to Redis could run code. Some methods of RQ are overridden;
``tests/test_rq_queues.py`` fails when RQ changes there.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import redis
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from app.domain.masks import Masker
from app.errors import BrokerUnavailable
from app.store.connection_names import client_name

DELIVER, UPKEEP = "deliver", "upkeep"

UPKEEP_EVERY_S = {"recover": 20, "reconcile": 30, "retain": 60}
"""The upkeep jobs and their intervals, in seconds; ``recover`` comes sooner if it is needed."""

_UPKEEP_OPTIONS: dict[str, Any] = {"job_timeout": 120, "result_ttl": 60, "failure_ttl": 3_600}
"""Time limit and retention of an upkeep job, in seconds."""

WORKER_TTL_S = 45
"""How long a killed worker still counts as alive."""

LISTED_S = 86_400
"""After how long a job whose worker was killed is listed as failed, by whatever clock: with RQ's
seven minutes, a host that is an hour ahead would list those that run on others."""

QUIET_S = 5.0
"""How long a drain does not call for repairs after the broker was away."""

MAX_WAITING_REDELIVERIES = 2
"""While this many upkeep jobs wait, redelivery jobs are not called for: that is done often."""

MAX_WAITING_UPKEEP = 20
"""While this many upkeep jobs wait, no more are enqueued."""


class JsonJob(Job):
    """A job that is always JSON: rq-scheduler passes no serializer, only a class of jobs."""

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> Job:
        """Make a job; see ``rq.job.Job.create``."""
        return super().create(*args, **kwargs | {"serializer": JSONSerializer})

    @classmethod
    def fetch(cls, *args: Any, **kwargs: Any) -> Job:
        """Read a job; see ``rq.job.Job.fetch``."""
        return super().fetch(*args, **kwargs | {"serializer": JSONSerializer})


class _PlainQueue(Queue):
    """A queue whose worker waits for a job once: RQ would wait for a Redis that is away itself."""

    @classmethod
    def dequeue_any(cls, *args: Any, **kwargs: Any) -> Any:
        """Wait for a job; see ``rq.Queue.dequeue_any`` and ``_end_loop_on_refusal``."""
        with _refused(_ENDS_LOOP):
            return super().dequeue_any(*args, **kwargs)


def queue(name: str, broker: redis.Redis) -> Queue:
    """Open one of the two queues."""
    return _PlainQueue(name, connection=broker, job_class=JsonJob, serializer=JSONSerializer)


def probe(broker: redis.Redis) -> None:
    """Raise ``BrokerUnavailable`` unless RQ's Redis takes writes; this one changes nothing."""
    _translated(lambda: broker.zadd("rq:qhronos:probe", {"": 0}, xx=True))


class RqDrainQueue:
    """Drain jobs on RQ; see ``app.engine.scheduler.DrainQueue``."""

    def __init__(self, broker: redis.Redis) -> None:
        self._queue = queue(DELIVER, broker)

    def enqueue_drain(self) -> None:
        """Call for one more drain."""
        # No timeout: a drain limits its own time, and RQ's alarm would interrupt deliveries.
        options = {"job_timeout": -1, "result_ttl": 60, "failure_ttl": 3_600}
        _translated(lambda: self._queue.enqueue("app.jobs.drain", **options))

    def waiting(self) -> int:
        """How many drain jobs no worker has taken yet."""
        return int(_translated(lambda: self._queue.count))


class RqUpkeepQueue:
    """Upkeep jobs on request; see the protocols in services/queues."""

    def __init__(self, broker: redis.Redis) -> None:
        self._queue, self._quiet_until_s = queue(UPKEEP, broker), 0.0

    def enqueue_replan(self, name: str) -> None:
        """Have the events of a calendar replanned; its name is the argument."""
        _translated(lambda: self._queue.enqueue("app.jobs.replan", name, **_UPKEEP_OPTIONS))

    def enqueue_repair(self) -> None:
        """Have the successors scheduled which drains have left, unless that is enqueued."""
        if time.monotonic() < self._quiet_until_s:  # a drain that waited would deliver late
            raise BrokerUnavailable
        try:
            _translated(lambda: self._enqueue_once("repair"))
        except BrokerUnavailable:
            self._quiet_until_s = time.monotonic() + QUIET_S
            raise

    def enqueue_recovery(self) -> None:
        """Have recovered what was left behind, unless that is enqueued."""
        _translated(lambda: self._enqueue_once("recover"))

    def _enqueue_once(self, name: str) -> None:
        # Each drain and scheduler calls: more than one would keep the worker from its other jobs.
        if not any(one.startswith(f"{name}-") for one in self._queue.get_job_ids()):
            job_id = f"{name}-{secrets.token_hex(8)}"
            self._queue.enqueue(f"app.jobs.{name}", job_id=job_id, **_UPKEEP_OPTIONS)

    def enqueue_redelivery(self, job_id: str) -> None:
        """Have a redelivery job continued; its id is the argument."""
        _translated(lambda: self._queue.enqueue("app.jobs.retry", job_id, **_UPKEEP_OPTIONS))

    def enqueue_waiting_redeliveries(self) -> None:
        """Have all jobs in the background continued that wait, unless it has enough to do."""
        if _translated(lambda: self._queue.count) < MAX_WAITING_REDELIVERIES:
            _translated(lambda: self._queue.enqueue("app.jobs.continue_retries", **_UPKEEP_OPTIONS))


@contextlib.contextmanager
def _refused(kind: type[Exception]) -> Iterator[None]:
    """Raise ``kind`` if RQ's Redis refuses a command or does not answer."""
    try:
        yield
    except redis.exceptions.RedisError as error:
        raise kind from error


@_refused(BrokerUnavailable)
def _translated(call: Callable[[], Any]) -> Any:
    return call()


class UpkeepSchedule:
    """The periodic upkeep jobs, kept by rq-scheduler; each call raises ``BrokerUnavailable``.

    rq-scheduler loses a job if its process dies between enqueueing and rescheduling it. So jobs
    have fixed ids, and those that are missing are registered again and again.
    """

    def __init__(self, broker: redis.Redis) -> None:
        self._queue, self._known = queue(UPKEEP, broker), False
        # The lock of a killed process expires after the interval and ten seconds.
        options = {"job_class": JsonJob, "interval": 1}
        self._scheduler = Scheduler(queue=self._queue, connection=broker, **options)

    @_refused(BrokerUnavailable)
    def register(self, now: datetime) -> float:
        """Add the upkeep jobs that are missing; ``now`` is naive UTC, as rq-scheduler wants it.

        Returns when the first job is due, seconds since 1970.
        """
        ids = [f"upkeep-{name}" for name in UPKEEP_EVERY_S]
        broker = self._scheduler.connection
        # (At first all of them: an earlier version may have given them other intervals.)
        due_s = broker.zmscore(Scheduler.scheduled_jobs_key, ids) if self._known else [None] * 3
        options = {"timeout": 120, "result_ttl": -1, "queue_name": UPKEEP}
        for (name, seconds), job_id, at_s in zip(UPKEEP_EVERY_S.items(), ids, due_s, strict=True):
            if at_s is None:
                rest = options | {"interval": seconds, "id": job_id}
                self._scheduler.schedule(now, f"app.jobs.{name}", **rest)
        self._known = True
        return min(now.replace(tzinfo=UTC).timestamp() if at_s is None else at_s for at_s in due_s)

    @_refused(BrokerUnavailable)
    def enqueue_due(self) -> None:
        """Enqueue upkeep jobs that are due, unless too many wait already."""
        if self._queue.count < MAX_WAITING_UPKEEP and self._scheduler.acquire_lock():
            try:
                self._scheduler.enqueue_jobs()
            finally:
                self._scheduler.remove_lock()


_ENDS_LOOP = redis.exceptions.TimeoutError  # with one line of the log; other errors are traced


class QhronosWorker(SimpleWorker):
    """An RQ worker that runs jobs in its own process and tells a running job to stop.

    It does not fork for each job: drains keep connections and threads from job to job.
    """

    max_connection_wait_time = 2
    on_stop: Any = None
    mask: Callable[[str], str] = Masker()
    _in_loop = False

    def work(self, *args: Any, **options: Any) -> bool:
        """Take jobs until told to stop; see ``rq.Worker.work``."""
        self._in_loop = True
        try:
            return bool(super().work(*args, **options))
        finally:
            self._in_loop = False

    def dequeue_job_and_maintain_ttl(self, *args: Any, **rest: Any) -> tuple[Job, Queue] | None:
        """Wait for a job; see ``_ENDS_LOOP``."""
        with _refused(_ENDS_LOOP):
            return super().dequeue_job_and_maintain_ttl(*args, **rest)

    def subscribe(self) -> None:
        """Do nothing: no commands are sent, and RQ's thread raises when Redis is away."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job in this process; see ``_ENDS_LOOP``."""
        with _refused(_ENDS_LOOP):
            super().execute_job(job, queue)

    def heartbeat(self, _timeout: int | None = None, pipeline: Any = None) -> None:
        """Keep this worker's key alive for ``WORKER_TTL_S``, whatever RQ asks for.

        A killed worker would count for as long as its job. One whose key was lost with its Redis
        is registered again.
        """
        if pipeline is None and not self.connection.hexists(self.key, "birth"):
            self.connection.delete(self.key)
            self.register_birth()  # type: ignore[no-untyped-call]
        super().heartbeat(WORKER_TTL_S, pipeline)

    def get_heartbeat_ttl(self, job: Job) -> int:  # noqa: ARG002 - the same for all
        """For how long a job counts as running; see ``LISTED_S``."""
        return LISTED_S

    def set_shutdown_requested_date(self) -> None:
        """Do nothing: while Redis is away, the write would delay the stop and fail the job."""

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """Run a job, with heartbeats from a thread: a drain may take longer than the key lives."""
        ended = threading.Event()
        beats = threading.Thread(target=self._beat, args=(ended,), name="heartbeat", daemon=True)
        beats.start()
        try:
            return bool(super().perform_job(job, queue))
        finally:
            ended.set()

    def handle_job_failure(self, *args: Any, **options: Any) -> None:
        """Keep why a job has failed without the secrets in it: RQ's dashboard shows it."""
        options["exc_string"] = self.mask(options.get("exc_string", ""))
        super().handle_job_failure(*args, **options)

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(WORKER_TTL_S / 3):
            with contextlib.suppress(redis.exceptions.RedisError):
                self.heartbeat()

    def request_stop(self, signum: Any, frame: Any) -> None:
        """Tell the running job to stop, then stop as RQ does."""
        # RQ stops an idle worker with an exception. If a job is just starting or ending, RQ takes
        # the exception for a failure of the job and goes on; then its loop finds this flag.
        self._stop_requested = True
        if self.on_stop is not None:
            self.on_stop()
        # RQ leaves its handlers installed: after its loop nobody expects the exception.
        if self._in_loop:
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


logging.getLogger("rq.worker").addFilter(lambda one: "Redis connection timeout" not in str(one.msg))


def worker(name: str, broker: redis.Redis, on_stop: Any = None) -> QhronosWorker:
    """Make a worker of one queue: from one queue RQ takes jobs atomically (``LMOVE``)."""
    made = QhronosWorker(
        [queue(name, broker)],
        name=f"{client_name()}-{secrets.token_hex(8)}",  # its connection is called so, too
        connection=broker,
        job_class=JsonJob,
        queue_class=_PlainQueue,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
    )
    made.on_stop = on_stop
    return made
