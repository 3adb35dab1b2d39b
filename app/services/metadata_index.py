"""Has all events listed by the members of the metadata that the settings declare.

What is declared may differ from host to host while a setting is changed. A process that does not
declare a member does not list by it what it writes. So all begin only once all agree.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.process import ProcessFacts
from app.store.term_index import TermIndex

log = logging.getLogger(__name__)

VARIABLE = "QHRONOS_INDEXED_METADATA"


@dataclass(frozen=True, slots=True)
class MetadataIndexing:
    """Lists events of before, a while at a time."""

    index: TermIndex
    own: ProcessFacts
    alive: Callable[[], Sequence[ProcessFacts]]
    """The processes that are alive; raises ``StoreUnavailable``."""

    def go_on(self, limit_s: float) -> int:
        """List for so long at most; returns how many events were looked at."""
        place = self.index.place()
        if place.is_done:
            return 0
        if any(
            one.settings.get(VARIABLE) != self.own.settings.get(VARIABLE) for one in self.alive()
        ):
            log.info("events are listed by metadata once %s is the same everywhere", VARIABLE)
            return 0
        began, until = place.done, time.monotonic() + limit_s
        while not place.is_done and time.monotonic() < until:
            place = self.index.step(place)
        if place.is_done:
            names = ", ".join(place.names) or "nothing"
            log.info("all %s events can be found by metadata: %s", place.done, names)
        return place.done - began
