"""When a call is sent again, and how long to wait before."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import httpx

from qhronos.client.calls import Call

BUSY = frozenset({429, 502, 503, 504})
"""Statuses that may be gone in a moment. After all but 429 it may have been done nonetheless."""

UNDER_WAY = 409
"""What a call that is sent again gets while the first one is under way."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and when a call is sent again.

    The pause doubles from ``first_s`` to ``max_s`` and is a little random. ``Retry-After`` replaces
    it, up to ``longest_wait_s``; who asks for more gets the error at once. ``attempts`` counts the
    first one, too: 1 sends nothing again. Eight last for eleven to twenty-three seconds, which is
    longer than a restart of the service.
    """

    attempts: int = 8
    first_s: float = 0.2
    max_s: float = 10.0
    longest_wait_s: float = 60.0

    def pause_s(self, call: Call[Any], attempt: int, outcome: httpx.Response | Exception) -> float:
        """Say how long to wait before the next attempt; negative: there is none.

        ``attempt`` counts from 1.
        """
        if attempt >= self.attempts:
            return -1
        pause: float = min(self.max_s, self.first_s * 2 ** (attempt - 1)) * random.uniform(0.5, 1)  # noqa: S311
        if isinstance(outcome, Exception):
            # Who could not connect has sent nothing.
            sent = not isinstance(outcome, httpx.ConnectError | httpx.ConnectTimeout)
            return pause if call.again or not sent else -1
        status = outcome.status_code
        if status == UNDER_WAY and attempt > 1 and "Idempotency-Key" in call.headers:
            return pause
        if status not in BUSY or not (call.again or status == httpx.codes.TOO_MANY_REQUESTS):
            return -1
        asked = outcome.headers.get("Retry-After", "")
        if asked.isascii() and asked.isdecimal():
            return float(asked) if float(asked) <= self.longest_wait_s else -1
        return pause


def was_done_before(call: Call[Any], attempt: int, answer: httpx.Response) -> bool:
    """Tell whether a deletion that is sent again finds that it was done the first time."""
    return call.method == "DELETE" and attempt > 1 and answer.status_code == httpx.codes.NOT_FOUND
