"""Tells listeners what is being delivered, if anybody listens to it.

Nothing is asked of the store while nothing is sent. What is sent is compared with what is listened
to a moment later, by a thread of its own: so a listener hears all that begins after it was let in,
and the drain waits for nothing.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from app.clock import Clock
from app.delivery.actions.websocket import event_message
from app.delivery.request import Job
from app.domain.action import NO_ACTION
from app.errors import StoreUnavailable
from app.store.claims import Claim
from app.store.live import LiveStore
from app.store.live_keys import EVERYTHING

log = logging.getLogger(__name__)

PAUSE_S = 0.01
"""How long an announcement waits for others, if anybody listens to anything."""

LONG_PAUSE_S = 0.05
"""How long it waits if nobody does: each look costs the drain a little of the interpreter."""

BATCH = 128
MOST = 20_000
"""How many are kept while the store is away; listeners are told of no more than that."""

FORGET_S = 30.0
"""After so long what is listened to is read again, without those who have gone."""


class Announcer:
    """Call ``begins`` from one thread, and ``close`` in the end."""

    def __init__(self, store: LiveStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._begun: deque[Claim] = deque(maxlen=MOST)
        self._executor = ThreadPoolExecutor(1, "announcer")
        self._is_at_work = False
        self._version: bytes | None = None
        self._interest: frozenset[str] = frozenset()
        self._read_s = 0.0

    def begins(self, claim: Claim) -> None:
        """An attempt begins; a retry is not announced again, and no callback is."""
        if claim.attempt - claim.attempts_before == 1 and claim.callback is None:
            self._begun.append(claim)
            if not self._is_at_work:
                self._is_at_work = True
                self._executor.submit(self._work)

    def close(self) -> None:
        """Tell what is to be told, and end the thread."""
        self._executor.shutdown()

    def _work(self) -> None:
        while True:
            time.sleep(PAUSE_S if self._interest else LONG_PAUSE_S)
            # Whoever begins something from here on starts this anew, at worst for nothing.
            self._is_at_work = False
            begun = [self._begun.popleft() for _ in range(len(self._begun))]
            if not begun:
                return
            self._is_at_work = True
            try:
                self._refresh()
                self._tell(claim for claim in begun if self._is_of_interest(claim.tags))
            except StoreUnavailable:
                log.warning("listeners are not told of what is delivered while the store is away")
            except Exception:  # what is delivered must not depend on who listens
                log.exception("listeners could not be told of what is delivered")

    def _refresh(self) -> None:
        version, now_s = self._store.interest_version(), time.monotonic()
        if version != self._version or (version and now_s > self._read_s + FORGET_S):
            self._interest = self._store.interest(self._clock.now_ms())
            self._version, self._read_s = version, now_s

    def _is_of_interest(self, tags: Sequence[str]) -> bool:
        interest = self._interest
        return bool(interest) and (EVERYTHING in interest or not interest.isdisjoint(tags))

    def _tell(self, claims: Iterable[Claim]) -> None:
        entries = [(one.tags, event_message(_job(one))) for one in claims if one.definition]
        for start in range(0, len(entries), BATCH):
            self._store.tell(entries[start : start + BATCH], self._clock.now_ms())


def _job(claim: Claim) -> Job:
    """What of a claim is told to listeners: nothing that is secret."""
    name = claim.definition.name if claim.definition else ""
    about = claim.definition.description if claim.definition else ""
    return Job(
        claim.event_id,
        claim.occurrence_id,
        claim.scheduled_ms,
        claim.attempt,
        name,
        about,
        claim.metadata_json,
        claim.tags,
        NO_ACTION,
        (),
    )
