"""How a process gives way to others that want the same processor, and when it gets one back."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")
"""Where Linux may share processors among sessions first, and among their processes then (sched(7),
"The autogroup feature"). What leads a session, as each process of ``make run`` does, would share
them with the others as if it were not nice at all."""

TIMER_SLACK = Path("/proc/self/timerslack_ns")
"""How much longer than asked for Linux lets a thread sleep, so that a processor wakes less often:
50 µs by default (prctl(2), PR_SET_TIMERSLACK). A thread inherits it from the one that starts it."""


def wake_punctually(slack: Path = TIMER_SLACK) -> None:
    """Have this process sleep no longer than it asks for; call it before it starts threads.

    A system that has no such file, or refuses, leaves things as they are.
    """
    with contextlib.suppress(OSError):
        if slack.exists():  # elsewhere a file is not made
            slack.write_text("1")


def give_way(niceness: int, autogroup: Path = AUTOGROUP) -> None:
    """Make this process so much nicer (setpriority(2): 0 to 19), and its session with it.

    The session only if this process leads it: another one's other processes do not give way. A
    system that refuses leaves things as they are.
    """
    with contextlib.suppress(OSError):
        os.nice(niceness)
    if os.getsid(0) != os.getpid():
        return
    with contextlib.suppress(OSError):  # no such system, or it is another user's
        if autogroup.exists():  # elsewhere a file is not made
            autogroup.write_text(f"{niceness}\n")
