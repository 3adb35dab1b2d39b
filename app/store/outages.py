"""The log says why the store is away: at once, and then rarely while it stays so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from app.store.causes import Server
from app.store.refusals import cause_of

_log = logging.getLogger(__name__)

SAY_AGAIN_S = 60.0
MAX_KNOWN = 32
"""How many sentences are remembered: addresses vary little."""


class Outages:
    """Remembers what was said, and when."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._said: dict[str, float] = {}

    def tell(self, error: BaseException, server: Server) -> None:
        """Say why a call failed, unless that was said a moment ago."""
        sentence, now = cause_of(error, server).sentence, self._monotonic()
        if now < self._said.get(sentence, -SAY_AGAIN_S) + SAY_AGAIN_S:
            return
        if len(self._said) >= MAX_KNOWN:
            self._said.clear()
        self._said[sentence] = now
        _log.warning("%s", sentence)


OUTAGES = Outages()
"""Of this process."""
