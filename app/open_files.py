"""How many files a process may have open: connections are files, too."""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path

_OWN = Path("/proc/self/fd")


def open_file_limit() -> int:
    """How many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def open_files() -> int:
    """How many files this process has open; 0 where the system does not say (macOS)."""
    try:
        # Linux 6.2 and later say it at once; those before give 0.
        return _OWN.stat().st_size or sum(1 for _ in _OWN.iterdir())
    except OSError:
        return 0


def raise_open_file_limit() -> int:
    """Raise the soft limit of open files to the hard one; returns what holds from now on.

    The soft limit is 1,024 on most systems, for the sake of programs that use ``select()``
    (getrlimit(2), select(2)). Ours use ``poll()``. A system that refuses leaves the limit as it is.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # macOS has a smaller limit than it reports
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft
