"""Canonical lines: one line of the log that says all about one request, or about one attempt.

What failed or was late has a line; of the rest one in so many has, as ``QHRONOS_LOG_SAMPLE`` says.
Many at once are too many to read, and to write: beyond ``BURST`` in a row there are ``PER_S`` a
second, and the next line says how many were left out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

BURST = 100
PER_S = 20.0


class CanonicalLines:
    """The canonical lines of one kind, in one process."""

    def __init__(
        self, log: logging.Logger, sample: int, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        """``sample``: of those that are not important, one in so many is written; 0: none."""
        self._log = log
        self._sample = sample
        self._clock_s = clock_s
        self._seen = 0
        self._left_out = 0
        self._room = float(BURST)
        self._since_s = clock_s()

    def wants(self, *, important: bool) -> bool:
        """Whether this one is to be written: ask before you put its line together."""
        if not important:
            self._seen += 1
            if not self._sample or self._seen % self._sample:
                return False
        now_s = self._clock_s()
        self._room = min(BURST, self._room + (now_s - self._since_s) * PER_S)
        self._since_s = now_s
        if self._room < 1:
            self._left_out += 1
            return False
        self._room -= 1
        return True

    def write(self, level: int, message: str, about: Mapping[str, Any]) -> None:
        """Write a line; a member that is ``None`` says nothing and is left away."""
        members = {name: value for name, value in about.items() if value is not None}
        if self._left_out:
            members["left_out"], self._left_out = self._left_out, 0
        self._log.log(level, message, extra=members)
