"""A supervisor in the foreground: starts processes in stages, restarts, stops in reverse.

Honcho and its relatives stop everything when one process ends and restart nothing; here a
process that dies comes back, and the store goes last, when nobody writes to it any more.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

from app.errors import ExitStatus
from app.runtime.lifeline import end_with_parent
from app.runtime.output import Output
from app.runtime.signal_pipe import Handler, SignalPipe

INITIAL_BACKOFF_S = 0.5
MAX_BACKOFF_S = 10.0
RESET_AFTER_S = 30.0
"""After a process has run this long, its backoff starts over."""

KILL_AFTER_GRACE_S = 1.5
"""How much longer than its own grace a process may take to stop before it is killed."""

MAX_START_FAILURES = 3
"""The whole start ends when one process has failed so often before everything was ready."""

FORCE_AFTER_S = 1.0
"""A second signal this long after the first ends the grace period: a person has sent it."""

FINAL = frozenset(ExitStatus) - {ExitStatus.OK, ExitStatus.FAILED}
"""A process that ends with one of these while all of it starts would end so again."""

READY_LOOK_S = 0.05
"""How often a process that starts is asked whether it is ready."""

MAX_SLEEP_S = 5.0
"""How often it looks at its processes at least: their ends are signals, which wake it."""


@dataclass(frozen=True, slots=True)
class Process:
    """A program to keep running.

    ``ready`` is asked again and again until it says yes; the next stage waits for that.
    ``stop_s`` is how long it may take to stop, where that differs from the supervisor's. A line of
    its output in which ``unheard`` is found is left out.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    ready: Callable[[], bool] | None = None
    stop_s: float | None = None
    pass_fds: tuple[int, ...] = ()
    unheard: bytes | None = None
    attempts: int = MAX_START_FAILURES
    """How often it may fail before everything is ready."""


@dataclass(slots=True, eq=False)
class _Child:
    """A process and its state."""

    process: Process
    running: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    backoff_s: float = INITIAL_BACKOFF_S
    failures: int = 0
    ended: int = 0
    """The status that it ended with last."""

    tail: bytearray = field(default_factory=bytearray)


class Supervisor:
    """Keeps processes running until a signal ends it; one thread, so that forking is safe.

    Every child has a session of its own, so that Ctrl-C reaches the supervisor alone, and
    ends with it whatever happens. ``stop_s`` is the time from SIGTERM to SIGKILL; ``on_ready``
    is called once, when every process of every stage is ready. ``wrap`` writes a line of a process,
    given its name; without it the name stands before the line.
    """

    def __init__(
        self,
        stages: Sequence[Sequence[Process]],
        *,
        stop_s: float,
        on_ready: Callable[[], None] | None = None,
        wrap: Callable[[str, str], str] | None = None,
    ) -> None:
        self._output = Output([process.name for stage in stages for process in stage], wrap)
        self._stages = [[_Child(process) for process in stage] for stage in stages]
        self._stop_s = stop_s
        self._on_ready = on_ready
        self._selector = selectors.DefaultSelector()
        self._signalled_at: float | None = None
        self._force = False
        self._status: int = ExitStatus.FAILED

    def run(self) -> int:
        """Run until SIGTERM, SIGINT or SIGHUP; call it from the main thread.

        Answers 0 when a signal ended it, 1 when a process could not be started, and the status of
        a process that has found that it can't be (``FINAL``).
        """
        with SignalPipe(self._handlers()) as signals:
            self._selector.register(signals, selectors.EVENT_READ)
            try:
                started = self._start_stages()
                while started and self._signalled_at is None:
                    self._step()
            finally:
                self._stop_stages()
                self._selector.close()
        return 0 if self._signalled_at is not None else self._status

    def _handlers(self) -> dict[int, Handler]:
        handlers: dict[int, Handler] = {
            number: self._on_signal
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
            # nohup ignores SIGHUP, and means it; a shell's ``&`` ignores SIGINT without a thought.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
        }
        return {**handlers, signal.SIGCHLD: lambda *_: None}  # which wakes us

    def _start_stages(self) -> bool:
        """Start stage after stage; tell whether all of it is up."""
        for stage in self._stages:
            for child in stage:
                self._spawn(child)
            waiting = [child for child in stage if child.process.ready]
            while waiting:
                self._step(READY_LOOK_S)
                if self._signalled_at is not None or self._given_up():
                    return False
                waiting = [c for c in waiting if not (c.running and _is_ready(c.process))]
        if self._on_ready:
            self._on_ready()
        return True

    def _given_up(self) -> bool:
        for child in self._children():
            if child.ended in FINAL:
                self._status = child.ended
                self._say(child, "can't start; the lines above say why. Stopping.")
                return True
            if child.failures >= child.process.attempts:
                self._say(child, "does not start; the lines above say why. Stopping.")
                return True
        return False

    def _step(self, most_s: float = MAX_SLEEP_S) -> None:
        """Wait for output or a signal; reap and restart children that have ended."""
        starts_at = [c.start_at for c in self._children() if c.start_at and not c.running]
        self._forward_output(min([time.monotonic() + most_s, *starts_at]))
        now = time.monotonic()
        for child in self._children():
            if child.running and child.running.poll() is not None:
                status = self._reap(child)
                if now - child.started_at >= RESET_AFTER_S:
                    child.backoff_s, child.failures = INITIAL_BACKOFF_S, 0
                child.failures, child.ended = child.failures + 1, status
                child.start_at = now + child.backoff_s
                self._say(child, f"{_ending(status)}; starting again in {child.backoff_s:g} s")
                child.backoff_s = min(child.backoff_s * 2, MAX_BACKOFF_S)
            elif not child.running and 0 < child.start_at <= now:
                self._spawn(child)

    def _spawn(self, child: _Child) -> None:
        process = child.process
        child.running = subprocess.Popen(  # noqa: S603 - the programs are the caller's
            process.argv,
            env=process.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=process.pass_fds,
            start_new_session=True,
            preexec_fn=end_with_parent(),  # noqa: PLW1509 - no threads here, one system call
        )
        child.started_at = time.monotonic()
        output = child.running.stdout
        if output:
            os.set_blocking(output.fileno(), False)
            self._selector.register(output, selectors.EVENT_READ, child)

    def _reap(self, child: _Child) -> int:
        """Collect a child that has ended and its last output; return its exit status."""
        running, child.running = child.running, None
        if not running:
            return 0
        if running.stdout:
            if running.stdout.fileno() in self._selector.get_map():
                self._read(child, running.stdout.fileno())
                self._selector.unregister(running.stdout)
            running.stdout.close()
        if child.tail:
            self._line(child, bytes(child.tail))
            child.tail.clear()
        return running.wait()

    def _stop_stages(self) -> None:
        for stage in reversed(self._stages):
            for child in stage:
                if child.running:
                    child.running.terminate()
            begun = time.monotonic()
            while alive := [child for child in stage if child.running]:
                self._forward_output(begun + min(map(self._allowed_s, alive)))
                for child in alive:
                    if child.running and child.running.poll() is not None:
                        self._reap(child)
                    elif child.running and time.monotonic() - begun >= self._allowed_s(child):
                        self._say(child, "does not stop; killing it")
                        # The session too: a killed parent can't end its own children.
                        with contextlib.suppress(ProcessLookupError):
                            os.killpg(child.running.pid, signal.SIGKILL)
                        child.running.wait()

    def _allowed_s(self, child: _Child) -> float:
        """How long a child may take to stop."""
        own = child.process.stop_s
        return own if own is not None else 0.0 if self._force else self._stop_s

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._signalled_at is None:
            self._signalled_at = now
        elif now - self._signalled_at >= FORCE_AFTER_S:
            self._force = True

    def _children(self) -> list[_Child]:
        return [child for stage in self._stages for child in stage]

    def _forward_output(self, until: float) -> None:
        """Wait for output or a signal until a moment of the monotonic clock."""
        for key, _ in self._selector.select(max(until - time.monotonic(), 0.0)):
            if isinstance(key.fileobj, SignalPipe):
                key.fileobj.hear()
            elif not self._read(key.data, key.fd):
                self._selector.unregister(key.fileobj)

    def _read(self, child: _Child, fd: int) -> bool:
        """Forward a child's output, line by line; return False at its end."""
        try:
            chunk = os.read(fd, 65_536)
        except BlockingIOError:
            return True
        child.tail += chunk
        *lines, rest = child.tail.split(b"\n")
        child.tail = rest
        unheard = child.process.unheard
        for line in lines:
            if unheard is None or unheard not in line:
                self._line(child, bytes(line))
        return bool(chunk)

    def _say(self, child: _Child, text: str) -> None:
        self._line(child, text.encode())

    def _line(self, child: _Child, text: bytes) -> None:
        self._output.line(child.process.name, text)


def supervise(
    *stages: Sequence[Process],
    grace_ms: int,
    on_ready: Callable[[], None] | None = None,
    wrap: Callable[[str, str], str] | None = None,
) -> int:
    """Run processes whose own grace for stopping is ``grace_ms``; see ``Supervisor``."""
    stop_s = grace_ms / 1000 + KILL_AFTER_GRACE_S
    return Supervisor(stages, stop_s=stop_s, on_ready=on_ready, wrap=wrap).run()


def _is_ready(process: Process) -> bool:
    return process.ready is None or process.ready()


def _ending(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"
