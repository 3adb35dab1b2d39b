"""How many alerts are tested at once, and by whom.

A test takes a thread of the API for as long as its receiver takes. Whoever makes an alert anew
after each test would come by no limit of that alert.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.alert_groups import HOUR_MS
from app.domain.alerts import MAX_PER_HOUR
from app.errors import Conflict

AT_ONCE = 4
"""How many tests are under way in one process; the other threads are for what is quick."""


class AlertTrials:
    """The tests of one process: each subject has one at a time, and so many in an hour."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._times: dict[str, tuple[int, ...]] = {}
        """Those of the last hour, ms UTC, by subject."""

    @contextmanager
    def one(self, subject: str, now_ms: int) -> Iterator[None]:
        """Have a test under way; raises ``Conflict`` if there is no room for it."""
        with self._lock:
            self._begin(subject, now_ms)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(subject)

    def _begin(self, subject: str, now_ms: int) -> None:
        recent = {
            one: kept
            for one, times in self._times.items()
            if (kept := tuple(at for at in times if now_ms - HOUR_MS < at <= now_ms))
        }
        self._times, own = recent, recent.get(subject, ())
        if subject in self._under_way:
            raise Conflict("A test of yours is under way: wait until it has ended.")
        if len(self._under_way) >= AT_ONCE:
            raise Conflict("Others test their alerts at this moment: test yours a little later.")
        if len(own) >= MAX_PER_HOUR:
            raise Conflict(
                f"You have tested alerts {MAX_PER_HOUR} times within the last hour: test later."
            )
        self._times[subject] = (*own, now_ms)
        self._under_way.add(subject)
