"""What the processes of ``make run`` write: each line bears the name of its process."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence

_COLOURS = ("36", "33", "32", "35", "34", "96", "93", "92", "95", "94")


class Output:
    """Writes lines of processes, given their names, to standard output."""

    def __init__(self, names: Sequence[str], wrap: Callable[[str, str], str] | None = None) -> None:
        """``wrap`` writes a line, given a name; without it the name stands before the line."""
        self._wrap = wrap
        self._width = max(map(len, names), default=0)
        self._colour = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(names)}
        self.has_colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def line(self, name: str, text: bytes) -> None:
        """Write a line of a process."""
        if self._wrap is not None:
            self._write(self._wrap(name, text.decode(errors="replace")).encode())
            return
        label = f"{name:<{self._width}} | "
        if self.has_colours:
            label = f"\033[{self._colour[name]}m{label}\033[0m"
        self._write(label.encode() + text.rstrip(b"\r"))

    def _write(self, line: bytes) -> None:
        # The reader of our output may be gone, as in ``| head``; the processes go on.
        with contextlib.suppress(OSError):
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.flush()
