"""A primary, its replicas and three Sentinels that watch them, all on ports of 127.0.0.1.

::

    with Watched(directory) as watched:
        connect(watched.url)
        watched.primary.kill()

The Sentinels know each other and the replicas from their files: it takes them seconds to find out.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import redis

from app.runtime.binary import find_server
from tests.support.ports import free_port
from tests.support.processes import Program, clean_environ
from tests.support.wait import wait_until

NAME = "qhronos-1"
PASSWORD = "a-password-of-the-tests"
DOWN_AFTER_MS = 1_000


class Watched:
    """A server that Sentinels watch; each process of it may be stopped, killed and started again."""

    def __init__(
        self,
        directory: Path,
        *options: str,
        replicas: int = 2,
        sentinels: int = 3,
        down_after_ms: int = DOWN_AFTER_MS,
        users: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """``options`` are of the servers.

        With ``users``, rules by name as in ``deploy/redis.acl``, replicas and Sentinels log in as
        the users that are theirs, all with ``PASSWORD``.
        """
        self._directory = directory
        self._lines: list[str] = []
        self._users = users
        if users is not None:
            file = directory / "users.acl"
            lines = [f"user {name} {' '.join(rules)}" for name, rules in users.items()]
            file.write_text("\n".join(lines) + "\n", encoding="ascii")
            follows = ("--masteruser", "qhronos-replica", "--masterauth", PASSWORD)
            options = (*options, "--aclfile", str(file), *follows)
            self._lines.append(f"sentinel auth-user {NAME} qhronos-sentinel")
            self._lines.append(f"sentinel auth-pass {NAME} {PASSWORD}")
        self.ports = [free_port() for _ in range(1 + replicas)]
        self.sentinel_ports = [free_port() for _ in range(sentinels)]
        self.servers = [self._server(port, options) for port in self.ports]
        self._down_after_ms = down_after_ms
        self._ids = [secrets.token_hex(20) for _ in self.sentinel_ports]
        self.sentinels = [self._sentinel(number) for number in range(sentinels)]

    def __enter__(self) -> Self:
        try:
            self.up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for program in (*self.sentinels, *self.servers):
            program.kill()

    def up(self) -> None:
        """Start all, and wait until every replica follows."""
        for program in (*self.servers, *self.sentinels):
            if not program.running:
                program.start()
        for port in (*self.ports, *self.sentinel_ports):
            wait_until(partial(answers, port), "it answers")
        count = len(self.ports) - 1
        wait_until(lambda: self.following() == count, "the replicas follow")
        with self.client() as primary:
            primary.publish("up", "")  # (Replicas get it, and nothing is left of it.)
            assert primary.execute_command("WAIT", count, 1_500) == count

    @property
    def url(self) -> str:
        """The URL that leads to the primary."""
        user = f"qhronos:{PASSWORD}@" if self._users else ""
        return f"redis+sentinel://{user}{self.seeds}/{NAME}"

    @property
    def seeds(self) -> str:
        """Where the Sentinels are."""
        return ",".join(f"127.0.0.1:{port}" for port in self.sentinel_ports)

    @property
    def primary_port(self) -> int:
        """The port of the primary, as the first Sentinel has it that answers."""
        for port in self.sentinel_ports:
            try:
                with client_of(port) as sentinel:
                    asked = sentinel.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", NAME)
            except redis.exceptions.RedisError:
                continue
            return int(asked[1])
        raise AssertionError("no Sentinel answers")

    @property
    def primary(self) -> Program:
        """The primary's process."""
        return self.servers[self.ports.index(self.primary_port)]

    def client(self) -> redis.Redis:
        """Open a plain client of the primary of now."""
        return client_of(self.primary_port)

    def following(self) -> int:
        """How many replicas the primary has that follow it."""
        with self.client() as primary:
            info = primary.info("replication")
        states = [each for name, each in info.items() if name.startswith("slave")]
        return sum(isinstance(each, dict) and each["state"] == "online" for each in states)

    def log(self) -> str:
        """What all of them have written."""
        programs = (*self.servers, *self.sentinels)
        return "\n".join(f"--- {one.name}\n{one.output[-6000:]}" for one in programs)

    def _server(self, port: int, options: Sequence[str]) -> Program:
        home = self._directory / f"server-{port}"
        home.mkdir()
        follow = [] if port == self.ports[0] else ["--replicaof", f"127.0.0.1 {self.ports[0]}"]
        fixed = ["--bind", "127.0.0.1", "--save", "", "--repl-diskless-sync-delay", "0"]
        argv = [str(find_server().path), "--port", str(port), *fixed, *follow, *options]
        return Program(f"server-{port}", argv, clean_environ(), cwd=home)

    def _sentinel(self, number: int) -> Program:
        port = self.sentinel_ports[number]
        home = self._directory / f"sentinel-{port}"
        home.mkdir()
        others = [
            f"sentinel known-sentinel {NAME} 127.0.0.1 {other} {name}"
            for other, name in zip(self.sentinel_ports, self._ids, strict=True)
            if other != port
        ]
        lines = [
            f"port {port}",
            "bind 127.0.0.1",
            f"sentinel myid {self._ids[number]}",
            f"sentinel monitor {NAME} 127.0.0.1 {self.ports[0]} 2",
            f"sentinel down-after-milliseconds {NAME} {self._down_after_ms}",
            f"sentinel failover-timeout {NAME} 6000",
            *(f"sentinel known-replica {NAME} 127.0.0.1 {one}" for one in self.ports[1:]),
            *others,
            *self._lines,
        ]
        (home / "sentinel.conf").write_text("\n".join(lines) + "\n", encoding="ascii")
        argv = [str(find_server().path), "sentinel.conf", "--sentinel"]
        return Program(f"sentinel-{port}", argv, clean_environ(), cwd=home)


def client_of(port: int) -> redis.Redis:
    """A plain client of a port of 127.0.0.1."""
    return redis.Redis(port=port, socket_timeout=2, protocol=2)


def answers(port: int) -> bool:
    """Whether a server answers on a port."""
    try:
        with client_of(port) as client:
            return bool(client.ping())
    except redis.exceptions.RedisError:
        return False
