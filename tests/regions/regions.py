"""Two regions: each has a store of its own and processes of its own; one store follows the other.

The active region runs. Of the passive one only the store does, a replica: its processes are started
when it takes over. A primary takes writes only while a replica follows it (``FENCE``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import redis

from app.runtime.binary import find_server
from tests.support.ports import free_port
from tests.support.processes import Program, clean_environ
from tests.support.sentinels import answers, client_of
from tests.support.stack import Stack
from tests.support.wait import wait_until

FENCE = {"min-replicas-to-write": "1", "min-replicas-max-lag": "2"}
"""A region that has lost the other one's store delivers nothing more, two seconds later."""


class RegionStore:
    """The server of one region, on a port of 127.0.0.1."""

    def __init__(self, directory: Path, follows: RegionStore | None = None) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        home = directory / f"store-{self.port}"
        home.mkdir()
        settings: Mapping[str, str] = {
            "port": str(self.port), "bind": "127.0.0.1", "save": "", "appendonly": "yes",
            "appendfsync": "everysec", "repl-diskless-sync-delay": "0", **FENCE,
        }  # fmt: skip
        if follows is not None:
            settings = {**settings, "replicaof": f"127.0.0.1 {follows.port}"}
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        argv = [str(find_server().path), *options]
        self.program = Program("store", argv, clean_environ(), cwd=home)

    def start(self) -> None:
        if not self.program.running:
            self.program.start()
        wait_until(lambda: answers(self.port), "the store answers")

    def kill(self) -> None:
        self.program.kill()

    def release(self) -> None:
        """Nothing is held."""

    def client(self) -> redis.Redis:
        return client_of(self.port)

    def follows(self) -> bool:
        """Whether this replica is in touch with its primary."""
        with self.client() as client:
            return str(client.info("replication").get("master_link_status")) == "up"

    def promote(self) -> None:
        """Make this replica a primary that needs no replica of its own."""
        with self.client() as client:
            client.execute_command("REPLICAOF", "NO", "ONE")
        self.open_fence()

    def open_fence(self) -> None:
        """Have it take writes without a replica."""
        with self.client() as client:
            client.config_set("min-replicas-to-write", 0)


class RegionStack(Stack):
    """Everything of one region."""

    def __init__(self, follows: RegionStore | None = None, **settings: str) -> None:
        super().__init__(workers=1, **settings)
        self.region_store = RegionStore(self.directory, follows)
        self.store = self.region_store  # type: ignore[assignment]

    def return_without_api(self) -> None:
        """Start what delivers again, as if nothing had been; with a closed fence no API would."""
        assert self.scheduler is not None
        self.scheduler.start()
        self.add_worker()
