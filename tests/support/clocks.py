"""Clocks of hosts that are wrong, and that are set while processes run.

A process that is started with ``environ`` sees the time of the file's offset, in Python's
``time.time``, ``time.time_ns`` and ``datetime``; its monotonic clock is as ever.
"""

from __future__ import annotations

from pathlib import Path

_SITECUSTOMIZE = """
import datetime
import os
import time

_file = os.open(os.environ["TESTS_CLOCK"], os.O_RDONLY)
_time, _time_ns = time.time, time.time_ns


def _offset_s():
    return float(os.pread(_file, 64, 0))


class _Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls):
        return cls.now(datetime.UTC).replace(tzinfo=None)


time.time = lambda: _time() + _offset_s()
time.time_ns = lambda: _time_ns() + int(_offset_s() * 1_000_000_000)
datetime.datetime = _Shifted
"""


class HostClock:
    """The clock of one host, as far as its Python programs see it."""

    def __init__(self, directory: Path, name: str, offset_s: float) -> None:
        home = directory / f"clock-{name}"
        home.mkdir()
        (home / "sitecustomize.py").write_text(_SITECUSTOMIZE)
        self._file = home / "offset"
        self._file.write_text(f"{offset_s:<63}")
        self.environ = {"PYTHONPATH": str(home), "TESTS_CLOCK": str(self._file)}

    def set(self, offset_s: float) -> None:
        """Set the clock so far ahead of the real time, in seconds; below 0: behind it."""
        with self._file.open("r+") as file:
            file.write(f"{offset_s:<63}")
