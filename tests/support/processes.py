"""Programs as processes of their own: started, signalled, killed, their output kept.

Each has a session of its own, so that a kill takes the children with it, and ends with the test
process whatever happens to that. Nothing else is ever signalled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import Signals

from app.runtime.lifeline import end_with_parent
from tests.support.wait import PATIENCE_S

ROOT = Path(__file__).parents[2]
CHECKOUT = ("app", "gunicorn.conf.py", "worker.py", "wsgi.py")
"""What a directory needs to start things in."""


def checkout(directory: Path) -> None:
    """Make a directory as good as the checkout to start things in, without its ``.env`` or data."""
    for name in CHECKOUT:
        (directory / name).symlink_to(ROOT / name)


def clean_environ() -> dict[str, str]:
    """The environment without any setting of ours, so that a test gives them all."""
    ours = ("QHRONOS_", "OTEL_")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)}


def handles(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that have not been waited for."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in found.split()]


class Program:
    """One program, which may be started again after it has ended."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        cwd: Path,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """Its output goes to ``<cwd>/<name>.log``."""
        self.name = name
        self.home = cwd
        """Where it starts the next time; another directory may have another version."""
        self._argv = list(argv)
        self._env = dict(env)
        self._pass_fds = tuple(pass_fds)
        self._log = cwd / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; call this from the main thread, see ``end_with_parent``."""
        assert not self.running, f"{self.name} runs already"
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._argv,
                env=self._env,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=self._pass_fds,
                start_new_session=True,
                preexec_fn=end_with_parent(),  # noqa: PLW1509 - it makes one system call
            )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> str:
        """Everything it has written, over all its starts."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def handles(self, number: signal.Signals) -> bool:
        """Whether it has a handler for a signal by now: an interpreter that starts has none."""
        return handles(self.pid, number)

    def signal(self, number: Signals) -> None:
        """Send a signal to the program itself, not to its children."""
        assert self._process is not None, f"{self.name} was never started"
        self._process.send_signal(number)

    def signal_all(self, number: Signals) -> None:
        """Send a signal to the program and its children; harmless if it has ended."""
        if self.running:
            assert self._process is not None
            os.killpg(self._process.pid, number)

    def wait(self, timeout: float = PATIENCE_S) -> int:
        """Wait until it ends; returns its exit status, negative for a signal."""
        assert self._process is not None, f"{self.name} was never started"
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end within {timeout:g} s") from None

    def stop(self, timeout: float = PATIENCE_S) -> tuple[int, float]:
        """Ask it to stop; returns its exit status and how many seconds it took."""
        begun = time.monotonic()
        self.signal(signal.SIGTERM)
        return self.wait(timeout), time.monotonic() - begun

    def kill(self) -> None:
        """Kill it and its children with SIGKILL; harmless if it has ended."""
        if self._process is None or self._process.poll() is not None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def pid(self) -> int:
        """Its process id; it must have been started."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid


def pids_with_environ(text: str) -> list[int]:
    """The processes whose environment holds a text, such as the path of a data directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if text.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it has ended, or is another user's
            continue
    return found
