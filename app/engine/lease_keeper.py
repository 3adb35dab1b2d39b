"""Keeps what a drain holds: renews its leases and its sign of life, while it goes on sending.

The calls are made in the background. A store that is slow would hold up all that is due otherwise,
two or three times a second.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future, wait

from app.domain import ids
from app.engine.background import Submit
from app.engine.share_keeper import ShareKeeper
from app.errors import StoreUnavailable
from app.store.calls import Deferral, Record
from app.store.claims import Claim
from app.store.connection import STORE_RETRY_MS
from app.store.coordination import Coordination
from app.store.work import WorkStore

log = logging.getLogger(__name__)

BATCH = 128
"""Leases in one call: more would keep the store from others for too long."""

ALIVE_MS = 2_000
"""How long a drain counts as alive after its last heartbeat."""

RETIRE_EARLY_MS = 1_000
"""How long before its end a drain stops counting as alive, so that the next one starts in time."""


class LeaseKeeper:
    """The leases of one drain; call ``step`` again and again."""

    def __init__(
        self,
        work: WorkStore,
        coordination: Coordination,
        submit: Submit,
        *,
        drain: str,
        lease_ms: int,
        share: ShareKeeper | None = None,
    ) -> None:
        """``drain`` is the drain's name in the store, ``lease_ms`` how long a lease lasts.

        ``share`` is renewed with the sign of life; ``None``: the drain serves every partition.
        """
        self._work = work
        self._coordination = coordination
        self._submit = submit
        self._drain = drain
        self._lease_ms = lease_ms
        self._leases: dict[bytes, bytes] = {}
        self._end_ms = 0
        self._next_ms = 0
        self._renewal: Future[None] | None = None
        self._share = share

    def keep(self, claims: Sequence[Claim]) -> None:
        """Renew the leases of these claims until they are forgotten."""
        for claim in claims:
            self._leases[claim.occurrence_id] = claim.token

    def forget(self, written: Record | Deferral) -> None:
        """Renew a lease no more: what was done under it is written."""
        # A retry that is due at once may have been claimed again, under another lease.
        if self._leases.get(written.occurrence_id) == written.token:
            del self._leases[written.occurrence_id]

    def announce(self, end_ms: int) -> None:
        """Have the drain count as alive until shortly before ``end_ms``, UTC."""
        self._end_ms = end_ms
        self._next_ms = 0
        if self._share is not None:
            self._share.join()

    def leave(self) -> None:
        """Have others serve the drain's partitions: it claims nothing more."""
        if self._share is not None:
            self._share.leave()

    def sign_off(self) -> None:
        """Have the drain count as alive no more."""
        self._end_ms = 0
        try:
            if self._renewal is not None:  # it might bring the sign of life back
                wait([self._renewal])
            self._coordination.drain_gone(self._drain)
        except StoreUnavailable:
            log.warning("the store is away; this drain counts as alive for a few seconds more")

    def close(self) -> None:
        """Sign off, and leave at once."""
        self.sign_off()
        if self._share is not None:
            self._share.close()

    def step(self, now_ms: int) -> None:
        """Renew the leases and send the heartbeat, well before either expires."""
        if self._renewal is not None and not self._has_ended(self._renewal, now_ms):
            return
        share, is_time = self._share, now_ms >= self._next_ms
        if not is_time and (share is None or not share.is_due(now_ms)):
            return
        alive_ms = min(ALIVE_MS, self._lease_ms)
        if is_time:
            self._next_ms = now_ms + alive_ms // 3
        alive_until = min(now_ms + alive_ms, self._end_ms - RETIRE_EARLY_MS)
        leases = list(self._leases.items()) if is_time else []

        def renew() -> None:
            if share is not None and share.is_shared:
                share.renew(now_ms, alive_until)
            elif alive_until > now_ms:
                self._coordination.drain_alive(self._drain, alive_until)
            # (Each call concerns one partition: mixed, a batch would take one for each of them.)
            leases.sort(key=lambda lease: ids.partition_of_occurrence(lease[0]))
            for start in range(0, len(leases), BATCH):
                self._work.renew(leases[start : start + BATCH], now_ms + self._lease_ms)

        self._renewal = self._submit(renew)

    def _has_ended(self, renewal: Future[None], now_ms: int) -> bool:
        if not renewal.done():
            return False
        self._renewal = None
        try:
            renewal.result()
        except StoreUnavailable:
            log.warning("the store is away; leases are renewed when it is back")
            self._next_ms = now_ms + STORE_RETRY_MS
        return True
