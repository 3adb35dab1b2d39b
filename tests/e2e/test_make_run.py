"""``make run`` as a user meets it: start, copy the line, see the webhook, Ctrl-C, start again."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.support.api_client import Api, seconds_of
from tests.support.ports import free_port
from tests.support.processes import Program, checkout, clean_environ, pids_with_environ
from tests.support.receiver import Receiver
from tests.support.wait import crowding, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(150)]

READY = "is ready at http://127.0.0.1:"
START_S = 5.0
STOP_S = 10.0
SECRETS = ("master_token", "jwt_secret", "signing_secret", "encryption_key")


class LocalRun:
    """One ``make run`` in a directory of its own."""

    def __init__(self, directory: Path, name: str = "run", data: str = "data") -> None:
        self.port = free_port(following=1)  # the next is the inbox's
        self.data = directory / data
        self.directory = directory
        self._mark = f"{directory}/{name} of the tests"
        self.environ = clean_environ() | {
            "QHRONOS_PORT": str(self.port),
            "QHRONOS_DATA_DIR": "" if data == "data" else data,
            "QHRONOS_WORKERS": "1",
            "QHRONOS_WEB_WORKERS": "1",
            "STARTED_AS": self._mark,
        }
        self.program = self.prepare(name, "app.runtime")

    def prepare(self, name: str, module: str) -> Program:
        argv = (sys.executable, "-m", module)
        return Program(name, argv, self.environ, cwd=self.directory)

    def start(self) -> float:
        """Start and wait until it says that it is ready; returns how many seconds that took."""
        said = self.program.output.count(READY)
        begun = time.monotonic()
        self.program.start()
        wait_until(
            lambda: not self.program.running or self.program.output.count(READY) > said,
            "it is ready",
        )
        assert self.program.running, self.program.output
        return time.monotonic() - begun

    def secret(self, name: str) -> str:
        """One of the secrets that it made."""
        return (self.data / "secrets" / name).read_text()

    @property
    def api(self) -> Api:
        return Api(self.port, self.secret("master_token"))

    @property
    def curl_line(self) -> str:
        """The line that it prints for copying."""
        return wait_until(
            lambda: re.findall(r"^  (curl .*)$", self.program.output, re.MULTILINE),
            "the line is printed",
        )[-1]

    def processes(self) -> list[int]:
        """Every process of it that is left."""
        return pids_with_environ(self._mark)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop it as Ctrl-C does: in time, with status 0, and with nothing left behind."""
        begun = time.monotonic()
        self.program.signal(number)
        assert self.program.wait() == 0
        assert time.monotonic() - begun < STOP_S * crowding()
        assert self.processes() == []

    def kill(self) -> None:
        """Kill whatever is left of it."""
        self.program.kill()
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def new_run() -> Iterator[LocalRun]:
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        checkout(Path(name))
        one = LocalRun(Path(name))
        try:
            yield one
        finally:
            one.kill()


@pytest.fixture
def run() -> Iterator[LocalRun]:
    """One that a test starts and stops as it likes."""
    with new_run() as one:
        yield one


@pytest.fixture(scope="module")
def running() -> Iterator[LocalRun]:
    """One that runs all the time."""
    with new_run() as one:
        one.environ["QHRONOS_CANARY"] = "5s"
        one.program = one.prepare("run", "app.runtime")
        one.start()
        yield one


def test_the_canary_arrives_and_nobody_sees_it(running: LocalRun) -> None:
    """By itself, signed, on the port that no webhook of a user may reach."""

    def arrived() -> list[str]:
        text = running.api.call("GET", "/metrics").body.decode()
        return re.findall(r'canaries_total\{what="arrived"\} ([1-9].*)', text)

    wait_until(arrived, "it has arrived")
    assert "canary" not in {one["code"] for one in running.api.get("/status")["problems"]}
    assert "canary" not in {one["name"] for one in running.api.get("/events")}


def test_start_copy_the_line_stop_and_start_again(run: LocalRun, receiver: Receiver) -> None:
    """The printed line leads to a signed webhook; a restart loses nothing and is quick."""
    run.start()
    status = run.api.get("/status")
    assert (status["status"], status["problems"]) == ("ok", []), "nothing is wrong with what is new"
    output = run.program.output
    assert f"http://127.0.0.1:{run.port}" in output
    assert str(run.data / "secrets" / "master_token") in output
    assert "127.0.0.0/8,::1/128" in output
    for name in SECRETS:
        assert (run.data / "secrets" / name).stat().st_mode & 0o077 == 0

    created = subprocess.run(
        ["bash", "-c", run.curl_line], capture_output=True, text=True, check=True
    )
    assert '"name":"hello"' in created.stdout
    wait_until(lambda: "a webhook arrived at /hello" in run.program.output, "the inbox shows it")
    assert "webhook-signature ok, X-Qhronos-Signature ok" in run.program.output

    later = run.api.event(run.api.create(receiver.url("/later"), ahead=3_600)["id"])
    missed = run.api.create(receiver.url("/missed"), ahead=1)
    run.stop(signal.SIGINT)
    wait_until(lambda: time.time() > seconds_of(missed["start_time"]), "its time passes")

    took_s = run.start()
    assert took_s < START_S * crowding()
    assert run.api.event(later["id"]) == later
    receiver.wait_for(1, 30, "/missed")
    for request in receiver.requests:
        Webhook(run.secret("signing_secret")).verify(request.body, dict(request.headers))
    assert not [name for name in SECRETS if run.secret(name) in run.program.output]
    run.stop(signal.SIGTERM)


def test_the_demo_passes(running: LocalRun) -> None:
    """``make demo`` beside a running instance sends itself a webhook and checks it."""
    demo = running.prepare("demo", "app.runtime.demo")
    demo.start()
    assert demo.wait() == 0
    assert demo.output.count("the signature holds") == 2
    assert '"status": "completed"' in demo.output


def test_the_demo_says_what_is_missing(run: LocalRun) -> None:
    """Without a running instance ``make demo`` fails in one sentence."""
    demo = run.prepare("demo", "app.runtime.demo")
    demo.start()
    assert demo.wait() == 1
    (line,) = demo.output.splitlines()
    assert "make run" in line


def test_instances_stand_side_by_side_but_not_on_one_directory(
    running: LocalRun, receiver: Receiver
) -> None:
    """Other port and directory: both work. The same directory: refused in one sentence."""
    second = LocalRun(running.directory, "second", data="other")
    third = LocalRun(running.directory, "third")
    try:
        second.start()
        for number, one in enumerate((running, second)):
            event = one.api.create(receiver.url(f"/{number}"))
            receiver.wait_for(1, 30, f"/{number}")
            one.api.wait_for_status(event["id"], "completed")
        assert len(receiver.requests) == 2
        stranger = running.api.with_token(second.secret("master_token"))
        assert stranger.call("GET", "/events").status == 401

        third.program.start()
        assert third.program.wait() == 2
        (line,) = third.program.output.splitlines()
        assert f"Another Qhronos uses the data directory {running.data}" in line
        assert running.api.answers()
    finally:
        second.kill()
        third.kill()


def test_what_dies_is_started_again(running: LocalRun, receiver: Receiver) -> None:
    """kill -9 of every worker: the supervisor brings them back and deliveries go on."""
    event = running.api.create(receiver.url("/"), ahead=1)
    killed = [pid for pid in running.processes() if is_worker(pid)]
    assert len(killed) == 3
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    running.api.wait_for_status(event["id"], "completed")
    wait_until(
        lambda: running.program.output.count("was killed by SIGKILL; starting again") == 3,
        "all three are started again",
    )
    assert len({request.webhook_id for request in receiver.requests}) == 1


def is_worker(pid: int) -> bool:
    return b"worker.py" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_nothing_outlives_a_run_that_is_killed(run: LocalRun) -> None:
    """kill -9 of ``make run`` itself: its processes end, and the next start finds its data."""
    run.start()
    event = run.api.event(run.api.create("http://127.0.0.1:1/", ahead=3_600)["id"])
    run.program.kill()
    wait_until(lambda: not run.processes(), "its processes end with it")
    run.start()
    assert run.api.event(event["id"]) == event
    run.stop()
