"""Watches RQ's Redis for a delivery worker, which delivers by itself while that is away.

RQ is how workers are called. What is due is in the store, so nothing keeps a worker from
delivering it while nobody can call.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

from app.errors import StoreUnavailable

log = logging.getLogger(__name__)

EVERY_S = 0.1
"""How often to ask. An answer takes far less than that."""

SILENT_S = 0.35
"""How long after its last answer RQ's Redis counts as away. It is less than a drain goes on after
its job, so that a drain under way goes on without a gap."""


class BrokerWatch:
    """Knows whether drain jobs can be expected; ``run`` it in a thread of its own."""

    def __init__(
        self,
        probe: Callable[[], None],
        is_served: Callable[[], bool],
        on_away: Callable[[], None],
        name: str = "the broker",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``probe`` raises ``StoreUnavailable`` if the broker does not answer or takes no writes.

        ``is_served`` tells whether a drain job runs anywhere. ``on_away`` is called again and again
        while the broker is away. ``name`` is what messages call it.
        """
        self._probe = probe
        self._is_served = is_served
        self._on_away = on_away
        self._name = name
        self._monotonic = monotonic
        self._answered_s = math.inf  # until it is asked for the first time, nothing is known
        self._is_away = False

    @property
    def away(self) -> bool:
        """Whether the broker is away, or is back but no worker has got a drain job from it yet."""
        return self._is_away or self._monotonic() - self._answered_s > SILENT_S

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop."""
        self._answered_s = self._monotonic()
        while not stop.wait(EVERY_S):
            self.look()

    def look(self) -> None:
        """Ask once."""
        try:
            self._probe()
        except StoreUnavailable:
            if not self._is_away:
                log.warning("%s is away; this worker delivers what it can", self._name)
            self._is_away = True
        else:
            if self._is_away and self._is_served_again():
                log.info("%s is back; this worker delivers when it is called again", self._name)
                self._is_away = False
            self._answered_s = self._monotonic()
        if self.away:
            self._on_away()

    def _is_served_again(self) -> bool:
        try:
            return self._is_served()
        except StoreUnavailable:
            return False
