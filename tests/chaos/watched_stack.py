"""All of Qhronos on a store, and a broker, that Sentinels watch."""

from __future__ import annotations

import time
from pathlib import Path

import redis
import rq

from tests.support.processes import Program
from tests.support.sentinels import DOWN_AFTER_MS, Watched
from tests.support.stack import Stack

SAFE = ("--appendonly", "yes", "--appendfsync", "everysec")


class WatchedStore:
    """Stands in for the one server of a stack."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched

    @property
    def url(self) -> str:
        return self.watched.url

    def start(self) -> None:
        self.watched.up()

    def kill(self) -> None:
        self.watched.__exit__()

    def release(self) -> None:
        """Nothing is held."""


class WatchedStack(Stack):
    """Its store is a primary with replicas; every process runs through all that becomes of it."""

    def __init__(
        self, *, replicas: int, workers: int, down_after_ms: int = DOWN_AFTER_MS, **settings: str
    ) -> None:
        super().__init__(workers=workers, **settings)
        self.watched = Watched(
            Path(self.directory), *SAFE, replicas=replicas, down_after_ms=down_after_ms
        )
        self.store = WatchedStore(self.watched)  # type: ignore[assignment]

    def redis(self) -> redis.Redis:
        """A plain client of the primary of now."""
        return self.watched.client()

    def listening_workers(self) -> list[rq.worker.BaseWorker]:
        with self.redis() as broker:
            return list(rq.Worker.all(connection=broker))

    def fail_over(self, how: int) -> tuple[Program, float]:
        """Kill or stop the primary; returns its process, and when (monotonic)."""
        program = self.watched.primary
        begun_s = time.monotonic()
        program.signal_all(how)  # type: ignore[arg-type]
        return program, begun_s
