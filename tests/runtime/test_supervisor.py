"""The supervisor restarts what dies, stops in stages and in time, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import wait

DRIVER = """
import json, sys
from pathlib import Path
from app.runtime.supervisor import Process, Supervisor
plan = json.loads(sys.argv[1])
stages = [
    [
        Process(
            name,
            [sys.executable, "-c", code],
            unheard=b"nobody reads this",
            ready=Path(ready).exists if ready else None,
        )
        for name, code, ready in stage
    ]
    for stage in plan["stages"]
]
sys.exit(
    Supervisor(stages, stop_s=plan["stop_s"], on_ready=lambda: print("READY", flush=True)).run()
)
"""
SLEEP = "import time\nfor _ in range(1200): time.sleep(0.05)"
"""In short sleeps: a signal that comes just before one would wait for its end."""


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Runs a supervisor in a process of its own; a stage is a list of (name, code[, ready])."""
    started: list[subprocess.Popen[str]] = []

    def start(*stages: list[tuple[Any, ...]], stop_s: float = 60) -> subprocess.Popen[str]:
        plan = {
            "stages": [[(*process, None)[:3] for process in stage] for stage in stages],
            "stop_s": stop_s,
        }
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, json.dumps(plan)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OUT": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        )
        started.append(process)
        return process

    # Children inherit what is ignored: the suite itself may run under nohup.
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield start
    signal.signal(signal.SIGHUP, hangup)
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def reporting(name: str, then: str = SLEEP, on_term: str = "sys.exit(0)") -> str:
    """Code that writes its pid into a file, and the time at which it was told to stop."""
    return f"""
import os, signal, sys, time
from pathlib import Path
out = Path(os.environ["OUT"])
def stop(*_):
    (out / "{name}.stopped").write_text(str(time.monotonic()))
    {on_term}
signal.signal(signal.SIGTERM, stop)
with (out / "{name}").open("a") as file:
    file.write(f"{{os.getpid()}}\\n")
{then}
"""


def pids(path: Path) -> list[int]:
    try:
        return [int(line) for line in path.read_text().splitlines()]
    except FileNotFoundError:
        return []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(holds: Callable[[], object]) -> None:
    wait.wait_until(holds, "it happens")


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    raise AssertionError(f"{text!r} is not in:\n{read}")


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, str, float]:
    """Send a signal; answer the exit status, what was still written, and the seconds it took."""
    begun = time.monotonic()
    process.send_signal(number)
    output, _ = process.communicate(timeout=wait.PATIENCE_S)
    return process.returncode, output, time.monotonic() - begun


class TestRestart:
    def test_one_that_crashes_comes_back_later_and_later(self, supervise) -> None:
        process = supervise([("crash", "print('up'); raise SystemExit(3)")])
        output = read_until(process, "in 1 s")
        assert "crash | up\n" in output
        assert "crash | ended with status 3; starting again in 0.5 s\n" in output
        assert "crash | ended with status 3; starting again in 1 s\n" in output
        assert stop(process)[0] == 0

    def test_one_that_is_killed_comes_back_and_the_others_stay(self, supervise, tmp_path) -> None:
        process = supervise([("a", reporting("a")), ("b", reporting("b"))])
        wait_until(lambda: pids(tmp_path / "a") and pids(tmp_path / "b"))
        os.kill(pids(tmp_path / "a")[0], signal.SIGKILL)
        wait_until(lambda: len(pids(tmp_path / "a")) == 2)
        assert len(pids(tmp_path / "b")) == 1
        code, output, _ = stop(process)
        assert code == 0
        assert "a | was killed by SIGKILL; starting again in 0.5 s" in output

    def test_one_that_never_comes_up_ends_the_start_with_status_1(self, supervise, tmp_path):
        process = supervise(
            [("fails", "print('because'); raise SystemExit(1)", str(tmp_path / "never"))],
            [("later", reporting("later"))],
        )
        output, _ = process.communicate(timeout=wait.PATIENCE_S)
        assert process.returncode == 1
        assert output.count("because") == 3
        assert "does not start" in output
        assert not pids(tmp_path / "later")

    @pytest.mark.parametrize("status", [2, 10, 11, 12])
    def test_one_that_says_that_it_cannot_start_ends_the_start_at_once(
        self, supervise, tmp_path, status
    ):
        """Settings, a store that refuses: it would end so again, and its status is passed on."""
        process = supervise(
            [("fails", f"print('because'); raise SystemExit({status})", str(tmp_path / "never"))]
        )
        output, _ = process.communicate(timeout=wait.PATIENCE_S)
        assert process.returncode == status
        assert output.count("because") == 1


class TestStages:
    def test_a_stage_starts_when_the_one_before_it_is_ready(self, supervise, tmp_path) -> None:
        ready = tmp_path / "ready"
        process = supervise(
            [("first", reporting("first"), str(ready))], [("second", reporting("second"))]
        )
        wait_until(lambda: pids(tmp_path / "first"))
        time.sleep(0.2)  # long enough for a second stage that does not wait to show itself
        assert not pids(tmp_path / "second")
        ready.touch()
        read_until(process, "READY")
        wait_until(lambda: pids(tmp_path / "second"))
        assert stop(process)[0] == 0

    def test_the_first_stage_stops_last(self, supervise, tmp_path) -> None:
        slow = "time.sleep(0.3); sys.exit(0)"
        process = supervise(
            [("store", reporting("store"))], [("user", reporting("user", on_term=slow))]
        )
        wait_until(lambda: pids(tmp_path / "store") and pids(tmp_path / "user"))
        assert stop(process)[0] == 0
        user, store = (
            float((tmp_path / f"{name}.stopped").read_text()) for name in ("user", "store")
        )
        assert store - user >= 0.3

    def test_a_signal_before_everything_is_ready_stops_it(self, supervise, tmp_path) -> None:
        process = supervise([("first", reporting("first"), str(tmp_path / "never"))])
        wait_until(lambda: pids(tmp_path / "first"))
        code, output, _ = stop(process)
        assert code == 0
        assert "READY" not in output


class TestStop:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_every_stopping_signal_ends_it_with_status_0(self, supervise, tmp_path, number) -> None:
        process = supervise([("a", reporting("a"))])
        wait_until(lambda: pids(tmp_path / "a"))
        code, _, _ = stop(process, number)
        assert code == 0
        assert (tmp_path / "a.stopped").exists()

    @pytest.mark.parametrize(("number", "stops"), [(signal.SIGINT, True), (signal.SIGHUP, False)])
    def test_an_interrupt_counts_even_where_the_shell_ignores_it_but_nohup_holds(
        self, supervise, tmp_path, number: int, stops: bool
    ) -> None:
        before = signal.signal(number, signal.SIG_IGN)  # which children inherit
        try:
            process = supervise([("a", reporting("a"))])
        finally:
            signal.signal(number, before)
        wait_until(lambda: pids(tmp_path / "a"))
        process.send_signal(number)
        if stops:
            assert process.wait(10) == 0
        else:
            time.sleep(0.3)
            assert process.poll() is None

    def test_one_that_does_not_stop_is_killed_with_its_children(self, supervise, tmp_path) -> None:
        forks = f"os.fork()\n(out / 'a').open('a').write(f'{{os.getpid()}}\\n')\n{SLEEP}"
        process = supervise([("a", reporting("a", then=forks, on_term="pass"))], stop_s=0.5)
        wait_until(lambda: len(set(pids(tmp_path / "a"))) == 2)
        code, output, seconds = stop(process)
        assert code == 0
        assert seconds >= 0.5
        assert "a | does not stop; killing it" in output
        wait_until(lambda: not any(alive(pid) for pid in pids(tmp_path / "a")))

    def test_a_second_signal_a_while_later_ends_the_grace(self, supervise, tmp_path) -> None:
        process = supervise([("a", reporting("a", on_term="time.sleep(90)"))])
        wait_until(lambda: pids(tmp_path / "a"))
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)  # at once: a wrapper that passes signals on twice
        wait_until((tmp_path / "a.stopped").exists)
        time.sleep(1.1)
        assert process.poll() is None
        assert stop(process, signal.SIGINT)[0] == 0

    def test_nothing_is_left_when_the_supervisor_itself_is_killed(self, supervise, tmp_path):
        process = supervise([("a", reporting("a")), ("b", reporting("b"))])
        wait_until(lambda: pids(tmp_path / "a") and pids(tmp_path / "b"))
        process.kill()
        process.wait()
        wait_until(
            lambda: not alive(pids(tmp_path / "a")[0]) and not alive(pids(tmp_path / "b")[0])
        )

    def test_a_child_that_is_waiting_to_be_restarted_is_not(self, supervise, tmp_path) -> None:
        process = supervise([("crash", "raise SystemExit(1)")])
        read_until(process, "starting again")
        code, output, _ = stop(process)
        assert (code, output) == (0, "")


class TestOutput:
    def test_every_line_bears_its_process_without_colours_in_a_file(self, supervise) -> None:
        process = supervise([("a", f"print('one\\ntwo')\n{SLEEP}"), ("long", f"print(3)\n{SLEEP}")])
        lines = read_until(process, "two").splitlines()
        if "long | 3" not in lines:
            lines += read_until(process, "3").splitlines()
        assert set(lines) - {"READY"} == {"a    | one", "a    | two", "long | 3"}

    def test_what_is_not_to_be_heard_is_left_out_and_nothing_else(self, supervise) -> None:
        code = f"print('one\\n: nobody reads this.\\ntwo')\n{SLEEP}"
        assert "a | one\na | two\n" in read_until(supervise([("a", code)]), "two")

    def test_a_last_line_without_an_end_and_errors_are_passed_on(self, supervise) -> None:
        code = "import sys; sys.stderr.write('no newline'); sys.exit(1)"
        assert "a | no newline\n" in read_until(supervise([("a", code)]), "starting again")

    def test_much_output_neither_blocks_nor_gets_lost(self, supervise) -> None:
        code = f"for n in range(20_000): print(n, 'x' * 50)\nprint('end')\n{SLEEP}"
        output = read_until(supervise([("a", code)]), "end")
        assert output.count("x" * 50) == 20_000
