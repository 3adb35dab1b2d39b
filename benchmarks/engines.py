"""Stores of several servers, with the settings of ``make run``: one, a cluster, with Sentinels.

They are those of the tests. RQ's broker is a server of its own beside each: a cluster can't be it,
and no side may have less to do than another.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import redis

from app.runtime.binary import find_server
from benchmarks import support
from tests.support.cluster import Cluster
from tests.support.ports import free_port
from tests.support.processes import Program, clean_environ
from tests.support.sentinels import Watched, answers, client_of

OPTIONS = (
    *("--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", "no"),
    *("--hash-max-listpack-value", "4096", "--hash-max-listpack-entries", "64"),
    *("--latency-tracking", "no", "--loglevel", "warning"),
)


@dataclass(frozen=True, slots=True)
class Engine:
    """A store that runs, and where its servers are."""

    name: str
    url: str
    broker_url: str
    ports: list[int]
    kill: Callable[[str], None]
    """Kills the primary, or that of a cluster's nodes (``host:port``)."""

    def pids(self) -> list[int]:
        """The processes of its servers, those that run."""
        found = []
        for port in self.ports:
            with contextlib.suppress(redis.RedisError), client_of(port) as client:
                found.append(int(client.info("server")["process_id"]))
        return found


@contextlib.contextmanager
def one_server() -> Iterator[Engine]:
    """One server on a port: the baseline."""
    with support.store() as broker, tempfile.TemporaryDirectory(prefix="qhronos-") as folder:
        port = free_port()
        argv = [str(find_server().path), "--port", str(port), "--bind", "127.0.0.1"]
        home = Path(folder)
        server = Program("server", [*argv, "--save", "", *OPTIONS], clean_environ(), cwd=home)
        server.start()
        try:
            support.wait_for(lambda: answers(port), 20, "the server did not start")
            url = f"redis://127.0.0.1:{port}/0"
            yield Engine("one server", url, broker, [port], lambda _: server.kill())
        finally:
            server.kill()


@contextlib.contextmanager
def cluster(primaries: int, replicas: int = 0) -> Iterator[Engine]:
    """A cluster."""
    made = Cluster(None, *OPTIONS, primaries=primaries, replicas=replicas)
    with support.store() as broker, made:

        def kill(address: str) -> None:
            made.kill(next(node for node in made.nodes if node.address == address))

        name = f"cluster of {primaries}" + (f" and {replicas} replicas" if replicas else "")
        yield Engine(name, made.url, broker, [node.port for node in made.nodes], kill)


@contextlib.contextmanager
def sentinels() -> Iterator[Engine]:
    """A primary with two replicas and three Sentinels."""
    with support.store() as broker, tempfile.TemporaryDirectory(prefix="qhronos-") as folder:
        made = Watched(Path(folder), *OPTIONS)
        with made:
            yield Engine("Sentinels", made.url, broker, made.ports, lambda _: made.primary.kill())
