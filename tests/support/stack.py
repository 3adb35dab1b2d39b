"""All of Qhronos on this machine, every process of it under the test's thumb.

::

    with Stack(workers=2) as stack:
        stack.api.create(receiver.url("/"))
        stack.workers[0].kill()
        stack.store.stop()
        stack.up()
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol, Self

import redis
import rq

from app.runtime.embedded import EmbeddedStore
from tests.support.api_client import Api
from tests.support.invariants import snapshot
from tests.support.ports import free_port
from tests.support.processes import Program, checkout, clean_environ
from tests.support.wait import wait_until

MASTER_TOKEN = "the master token of the tests"
SIGNING_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
SETTINGS = {
    "MASTER_TOKEN": MASTER_TOKEN,
    "JWT_SECRET": "a secret of the tests, long enough for HS256",
    "SIGNING_SECRET": SIGNING_SECRET,
    "ALLOW_PRIVATE_TARGETS": "127.0.0.0/8",
    "LEASE": "2s",
    "LEAST_RETRY_DELAY": "0s",
    "DRAIN_LINGER": "3s",
    "STOP_GRACE": "5s",
    "WEB_WORKERS": "1",
}
"""Short times, so that whatever recovers by itself does so while a test waits."""

GUNICORN = (sys.executable, "-m", "gunicorn", "wsgi:app")
WORKER = (sys.executable, "worker.py")

ALIVE: list[HasLog] = []
"""What is up: what their processes wrote is shown with a test that fails."""


class HasLog(Protocol):
    """What several processes run for."""

    def log(self) -> str:
        """What all of them have written."""


class StoreServer:
    """A store server of its own, with persistence; may be killed and started again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._embedded: EmbeddedStore | None = None
        self._program: Program | None = None
        self.url = ""

    def start(self, *options: str, loaded: bool = True) -> None:
        """Start it and wait until it has loaded its data, unless told otherwise."""
        if self.running:
            return
        self.release()
        embedded = EmbeddedStore(self._directory)
        self._embedded, self.url = embedded, embedded.open()
        self._program = Program(
            "store",
            [*embedded.argv, *options],
            clean_environ(),
            cwd=self._directory,
            pass_fds=embedded.pass_fds,
        )
        self._program.start()
        if loaded:
            self.wait_until_loaded()

    def wait_until_loaded(self) -> None:
        assert self._embedded is not None
        wait_until(self._embedded.ready, "the store answers")

    @property
    def running(self) -> bool:
        return self._program is not None and self._program.running

    @property
    def program(self) -> Program:
        """The server's process; it must have been started."""
        assert self._program is not None
        return self._program

    def stop(self) -> None:
        """End it with SIGTERM."""
        self.program.stop()

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._program:
            self._program.kill()

    def release(self) -> None:
        """Let go of the directory's lock."""
        if self._embedded:
            self._embedded.close()


class Stack:
    """A store, the API, a scheduler, the upkeep worker and so many delivery workers."""

    def __init__(self, *, workers: int = 1, **settings: str) -> None:
        """``settings`` are named as in ``LEASE``; they add to ``SETTINGS``."""
        # Not pytest's own directory: its paths are too long for a Unix socket.
        self._temporary = tempfile.TemporaryDirectory(prefix="qhronos-")
        self.directory = Path(self._temporary.name)
        checkout(self.directory)
        self.port = free_port()
        self.store = StoreServer(self.directory)
        self._settings = SETTINGS | settings
        self._wanted = workers
        self._started = 0
        self.web: Program | None = None
        self.scheduler: Program | None = None
        self.upkeep: Program | None = None
        self.workers: list[Program] = []
        self.api = Api(self.port, MASTER_TOKEN)

    def __enter__(self) -> Self:
        ALIVE.append(self)
        try:
            self.up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        ALIVE.remove(self)
        self.kill_all()
        self.store.release()
        self._temporary.cleanup()

    @property
    def environ(self) -> dict[str, str]:
        """The environment of its processes."""
        settings = {
            "PORT": str(self.port),
            "REDIS_URL": self.store.url,
            "DATA_DIR": str(self.directory),
        } | self._settings
        own = {f"QHRONOS_{name}": value for name, value in settings.items()}
        return clean_environ() | own | {"PYTHONUNBUFFERED": "1"}

    @property
    def partitions(self) -> int:
        """How many its store has."""
        return int(self._settings.get("PARTITIONS", "1"))

    def has_now(self, partitions: int) -> None:
        """Go by so many partitions, as its store was given more."""
        self._settings["PARTITIONS"] = str(partitions)

    def up(self) -> None:
        """Start whatever does not run, and wait until the API answers and workers are there."""
        self.store.start()
        self.web = self._running(self.web, "web", *GUNICORN)
        self.scheduler = self._running(self.scheduler, "scheduler", *WORKER, "scheduler")
        self.upkeep = self._running(self.upkeep, "upkeep", *WORKER, "upkeep")
        self.workers = [worker for worker in self.workers if worker.running]
        while len(self.workers) < self._wanted:
            self.add_worker()
        wait_until(lambda: self.api.answers() or not self._web_runs(), "the API answers")
        assert self._web_runs(), "the API does not start; see what it wrote"
        wait_until(self._workers_listen, "the workers are there")

    def _workers_listen(self) -> bool:
        """Whether each worker that runs has signed on; killed ones stay listed for a while."""
        pids = {worker.pid for worker in self.listening_workers()}
        return pids >= {one.pid for one in [self.upkeep, *self.workers] if one is not None}

    def listening_workers(self) -> list[rq.worker.BaseWorker]:
        """The workers that RQ lists, those among them that were killed of late."""
        broker = redis.Redis.from_url(self.environ.get("QHRONOS_BROKER_URL", self.store.url))
        with broker:
            return list(rq.Worker.all(connection=broker))

    def _web_runs(self) -> bool:
        return self.web is not None and self.web.running

    def add_worker(self) -> Program:
        """Start one more delivery worker."""
        self._started += 1
        worker = self._running(None, f"deliver-{self._started}", *WORKER, "deliver")
        self.workers.append(worker)
        return worker

    def program(self, name: str, *argv: str, **settings: str) -> Program:
        """Prepare another program with the settings of this stack, changed by these."""
        changed = {f"QHRONOS_{key}": value for key, value in settings.items()}
        return Program(name, argv, self.environ | changed, cwd=self.directory)

    def redis(self) -> redis.Redis:
        """Open a plain client of the store, to look at it or to damage it."""
        return redis.Redis.from_url(self.store.url)

    def snapshot(self) -> dict[bytes, Any]:
        """Read every key of the store and its value."""
        with self.redis() as client:
            return snapshot(client)

    def kill_all(self) -> None:
        """Kill every process with SIGKILL, the store first."""
        self.store.kill()
        for program in self.programs:
            program.kill()

    @property
    def programs(self) -> list[Program]:
        """Its processes beside the store."""
        services = [self.web, self.scheduler, self.upkeep]
        return [program for program in services if program] + self.workers

    def log(self) -> str:
        """What all its processes have written."""
        return "\n".join(
            f"--- {path.stem}\n{path.read_text(errors='replace')[-6000:]}"
            for path in sorted(self.directory.glob("*.log"))
        )

    def _running(self, program: Program | None, name: str, *argv: str) -> Program:
        program = program or self.program(name, *argv)
        if not program.running:
            program.start()
        return program
