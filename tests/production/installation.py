"""An installation: a store and a broker of its own, API hosts and worker hosts, a steady load.

Roles are apart, as on hosts of their own: each API host is a gunicorn, each worker host a
``python worker.py`` with one delivery worker. The load is series that fire every second, spread
evenly over it.
"""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.support.api_client import Api, at, seconds_of
from tests.support.ports import free_port
from tests.support.processes import ROOT, Program, checkout, clean_environ
from tests.support.receiver import Receiver
from tests.support.stack import ALIVE, GUNICORN, MASTER_TOKEN, SETTINGS, WORKER, StoreServer
from tests.support.wait import wait_until

LATE_MS = 50.0
"""What 99 of 100 deliveries may be late by, whatever is done to an installation."""

HELD_UP_MS = 1_500.0
"""What is later was held up by something that does not answer: half of the shortest outage. No busy
machine makes more than one of 100 so late; whether the rest is on time is for a quiet one to say."""

BUSY_FACTOR = 3.0
"""How much later they may be than before on a machine that is busy with other things."""

SIGNED: dict[str, Any] = {"hmac_secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}


class Installation:
    """Its hosts are ``web`` and ``work``; each may be restarted with other settings."""

    def __init__(self, *, api_hosts: int = 2, worker_hosts: int = 2, **settings: str) -> None:
        """``settings`` are named as in ``LEASE``."""
        # Not pytest's own directory: its paths are too long for a Unix socket.
        self._temporary = tempfile.TemporaryDirectory(prefix="qhronos-")
        self.directory = Path(self._temporary.name)
        checkout(self.directory)
        self.store = StoreServer(self.directory / "s")
        self.broker = StoreServer(self.directory / "b")
        for server in ("s", "b"):
            (self.directory / server).mkdir()
        self.settings = SETTINGS | {"WORKERS": "1", "DRAIN_LINGER": "15s"} | settings
        self.ports = [free_port() for _ in range(api_hosts)]
        self._worker_hosts = worker_hosts
        self.web: list[Program] = []
        self.work: list[Program] = []
        self.apis = [Api(port, MASTER_TOKEN) for port in self.ports]

    def __enter__(self) -> Self:
        ALIVE.append(self)
        try:
            self.store.start()
            self.broker.start()
            self.started()
            self.web = [self.web_host(number) for number in range(len(self.ports))]
            self.work = [self.work_host(number) for number in range(self._worker_hosts)]
            for program in (*self.web, *self.work):
                program.start()
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        ALIVE.remove(self)
        for program in (*self.web, *self.work):
            program.kill()
        for server in (self.store, self.broker):
            server.kill()
            server.release()
        self._temporary.cleanup()

    def started(self) -> None:
        """Do what is to be done once the servers run and before anything else does."""

    def wait(self) -> None:
        """Wait until every API host answers and every delivery worker is there."""
        for api in self.apis:
            wait_until(api.answers, "the API answers")
        wait_until(
            lambda: self.apis[0].get("/status")["workers"] == len(self.work),
            "the workers are there",
        )

    def web_host(self, number: int, **settings: str) -> Program:
        """Prepare an API host."""
        return self.program(f"web-{number}", *GUNICORN, PORT=str(self.ports[number]), **settings)

    def work_host(self, number: int, **settings: str) -> Program:
        """Prepare a worker host."""
        return self.program(f"work-{number}", *WORKER, PORT=str(self.ports[0]), **settings)

    def program(self, name: str, *argv: str, **settings: str) -> Program:
        """Prepare a program with the settings of this installation, changed by these."""
        given = {"REDIS_URL": self.store.url, "BROKER_URL": self.broker.url} | self.settings
        own = {f"QHRONOS_{key}": value for key, value in (given | settings).items()}
        environ = clean_environ() | own | {"PYTHONUNBUFFERED": "1"}
        return Program(name, argv, environ, cwd=self.directory)

    def restart_rolling(self, **settings: str) -> None:
        """Restart one host after the other, each when the one before serves again."""
        self.settings |= settings
        for number, host in enumerate(self.web):
            assert host.stop()[0] == 0
            self.web[number] = self.web_host(number)
            self.web[number].start()
            wait_until(self.apis[number].answers, "the API answers again")
        for number, host in enumerate(self.work):
            assert host.stop()[0] == 0
            self.work[number] = self.work_host(number)
            self.work[number].start()
            self.wait()

    def log(self) -> str:
        """What all its processes have written."""
        return "\n".join(
            f"--- {path.stem}\n{path.read_text(errors='replace')[-6000:]}"
            for path in sorted(self.directory.glob("*.log"))
        )


class Load:
    """Series that fire every second, ``rate`` in all, and what came of them."""

    def __init__(self, installation: Installation, receiver: Receiver, rate: int) -> None:
        self._installation = installation
        self._receiver = receiver
        self._begin_s = math.ceil(time.time()) + 3
        for number in range(rate):
            installation.apis[number % len(installation.apis)].create(
                receiver.url("/load"),
                start_time=at(self._begin_s + number / rate),
                schedule={"every": "1s"},
                **(SIGNED if number % 2 else {}),
            )
        self._rate = rate
        receiver.wait_for(rate, 30, "/load")
        before = self.during(start_interpreters)
        self.bar_ms = max(LATE_MS, BUSY_FACTOR * before.quantile(0.99))
        """What 99 of 100 deliveries may be late by: ``LATE_MS``, unless this machine is so busy that
        they are later although nothing of the installation is touched."""

    def during(self, act: Callable[[], object], *, after_s: float = 1.5) -> Lateness:
        """Do something, wait a little more, and say how late was what fell due meanwhile."""
        begun_s = time.time()
        act()
        ended_s = time.time() + after_s
        wait_until(lambda: time.time() > ended_s + 1, "it is over", after_s + 30)
        return self.lateness(begun_s, ended_s)

    def lateness(self, begun_s: float, ended_s: float) -> Lateness:
        """How late was what fell due in a time; what has not come at all counts as lost."""
        late: dict[str, float] = {}
        repeats = 0
        for request in self._receiver.requests_to("/load"):
            due_s = seconds_of(request.json["scheduled_at"])
            if begun_s <= due_s < ended_s:
                repeats += request.webhook_id in late
                late.setdefault(request.webhook_id, request.at_ns / 1e6 - due_s * 1000)
        return Lateness(sorted(late.values()), repeats, (ended_s - begun_s) * self._rate)


class Lateness:
    """Milliseconds between due and received, smallest first."""

    def __init__(self, late_ms: list[float], repeats: int, expected: float) -> None:
        self.late_ms = late_ms
        self.repeats = repeats
        self.lost = max(0, round(expected) - len(late_ms) - 2)  # the two at the borders may differ

    def quantile(self, share: float) -> float:
        return self.late_ms[min(int(share * len(self.late_ms)), len(self.late_ms) - 1)]

    @property
    def most(self) -> float:
        return self.late_ms[-1]

    def __str__(self) -> str:
        return (
            f"{len(self.late_ms)} delivered, p50 {self.quantile(0.5):.1f} ms, "
            f"p99 {self.quantile(0.99):.1f} ms, most {self.most:.1f} ms, "
            f"{self.repeats} twice, {self.lost} lost"
        )


def start_interpreters() -> None:
    """Start what a restart starts, one after the other, and let it end again."""
    for module in ("app.workers", "app.factory", "app.workers"):
        subprocess.run([sys.executable, "-c", f"import {module}"], cwd=ROOT, check=True)


def stop_for(server: StoreServer, seconds: float) -> None:
    """Take a server away, and bring it back with its data."""
    server.stop()
    until = time.time() + seconds
    wait_until(lambda: time.time() > until, "it was away", seconds + 30)
    server.start()


def freeze_for(server: StoreServer, seconds: float) -> None:
    """Have a server answer nothing for a while, its connections open."""
    server.program.signal(signal.SIGSTOP)
    until = time.time() + seconds
    wait_until(lambda: time.time() > until, "it was frozen", seconds + 30)
    server.program.signal(signal.SIGCONT)
