"""How a process gives way to others that want the same processor."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")
"""Where Linux may share processors among sessions first, and among their processes then (sched(7),
"The autogroup feature"). What leads a session, as each process of ``make run`` does, would share
them with the others as if it were not nice at all."""


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
