"""The floor for a tenant beside another one's backlog: one libcurl loop that posts for both.

Run as ``python -m benchmarks.posting_beside`` with a JSON document on standard input: of B ``own``
(a URL), ``rate`` (a second), ``start_ms``, ``count``; of A ``others`` (a URL), ``bursts`` (each
from when to when, ms UTC) and ``speed`` (a second, within a burst); ``headers`` and ``body`` of
all, and ``in_flight``, A's at most. B's have their time in ``webhook-id``. It knows every moment
beforehand and has no store. It prints how many of A's were answered.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pycurl

from benchmarks.posting import handle

SLICE = 8
"""How many of A's are started before the loop looks at the time again."""


class Beside:
    """The loop: B's at their moments, A's as fast as they may be."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._multi = pycurl.CurlMulti()
        urls = {True: spec["others"], False: spec["own"]}
        self._idle = {
            is_a: [handle({"url": url}) for _ in range(spec["in_flight"])]
            for is_a, url in urls.items()
        }
        self._owner = {curl: is_a for is_a, idle in self._idle.items() for curl in idle}
        self._started_b = self._in_flight = self._sent_in_burst = 0
        self.ended = {True: 0, False: 0}

    def run(self) -> int:
        """Post until all of B's have answers; how many of A's have one."""
        while self.ended[False] < self._spec["count"]:
            wait_s = min(self._start_b(), self._start_a())
            if not self._end() and wait_s > 0:
                if self._in_flight:
                    self._multi.select(wait_s)
                else:
                    time.sleep(wait_s)
        return self.ended[True]

    def _start_b(self) -> float:
        """Start what is due of B; how long it is until the next, seconds."""
        spec = self._spec
        while self._started_b < spec["count"] and self._idle[False]:
            due_ms = spec["start_ms"] + self._started_b * 1000 // spec["rate"]
            wait_s: float = due_ms / 1000 - time.time()
            if wait_s > 0:
                return min(wait_s, 1.0)
            self._start([f"webhook-id: {due_ms:012x}"], is_a=False)
            self._started_b += 1
        return 1.0

    def _start_a(self) -> float:
        """Start some of A's; how long to wait before the next, seconds."""
        now_ms = time.time() * 1000
        begun_ms = [begin for begin, end in self._spec["bursts"] if begin <= now_ms < end]
        if not begun_ms:
            self._sent_in_burst = 0
            return 0.05
        may = int((now_ms - begun_ms[0]) * self._spec["speed"] / 1000) - self._sent_in_burst
        count = min(may, SLICE, len(self._idle[True]))
        for _ in range(count):
            self._start([], is_a=True)
        self._sent_in_burst += count
        return 0.0 if count == SLICE else 0.001

    def _start(self, more: list[str], *, is_a: bool) -> None:
        curl = self._idle[is_a].pop()
        curl.setopt(pycurl.HTTPHEADER, [*self._spec["headers"], *more])
        curl.setopt(pycurl.POSTFIELDS, self._spec["body"])
        self._multi.add_handle(curl)
        self._in_flight += 1

    def _end(self) -> bool:
        """Take the answers that are there; whether there were any."""
        self._multi.perform()
        _, succeeded, failed = self._multi.info_read()
        if failed:
            raise SystemExit(f"a request failed: {failed[0][2]}")
        for curl in succeeded:
            self._multi.remove_handle(curl)
            is_a = self._owner[curl]
            self._idle[is_a].append(curl)
            self.ended[is_a] += 1
        self._in_flight -= len(succeeded)
        return bool(succeeded)


if __name__ == "__main__":
    json.dump(Beside(json.load(sys.stdin)).run(), sys.stdout)
