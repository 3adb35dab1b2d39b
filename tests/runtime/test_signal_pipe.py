"""A signal ends a wait, also one that comes just before it; what handled it before is put back."""

from __future__ import annotations

import os
import select
import signal

from app.runtime.signal_pipe import SignalPipe


def _is_readable(pipe: SignalPipe, timeout_s: float = 0.0) -> bool:
    return bool(select.select([pipe], [], [], timeout_s)[0])


def test_it_is_readable_after_a_signal_until_that_is_heard() -> None:
    got: list[int] = []
    with SignalPipe({signal.SIGUSR1: lambda number, _: got.append(number)}) as pipe:
        assert not _is_readable(pipe)
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGUSR1)
        assert _is_readable(pipe, 5)
        assert signal.SIGUSR1 in got
        pipe.hear()
        assert not _is_readable(pipe)


def test_it_leaves_the_handlers_as_they_were() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with SignalPipe({signal.SIGUSR1: lambda *_: None}):
        assert signal.getsignal(signal.SIGUSR1) != before
    assert signal.getsignal(signal.SIGUSR1) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_the_end_of_a_child_is_a_signal() -> None:
    with SignalPipe({signal.SIGCHLD: lambda *_: None}) as pipe:
        child = os.posix_spawn("/bin/true", ["true"], {})
        assert _is_readable(pipe, 5)
        os.waitpid(child, 0)
