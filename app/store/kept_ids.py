"""Ids that are kept for what an idempotency key is going to make, elsewhere than at its home.

A key and an event in its partition are written in one step. For one elsewhere the key first gets
the event's id: whoever sends the request again makes the same event, so it is made once, also if
the first has died. The keys are those of what was made (``qh:{p}:made:<key>``).
"""

from __future__ import annotations

from typing import cast

from app.domain import ids
from app.domain.once import KEPT_MS, AlreadyMade, Once
from app.store import keys
from app.store.connection import StoreClient


class KeptIds:
    """Keeps ids for a day. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client

    def keep(self, home: int, event_id: bytes, once: Once) -> None:
        """Keep an id at the home of a key; raises ``AlreadyMade`` if another one stands there."""
        key, mine = keys.made(home, once.name), event_id + once.digest
        for _ in range(2):  # (It may end between the two.)
            if self._client.set(key, mine, nx=True, px=KEPT_MS):
                return
            found = cast("bytes | None", self._client.get(key))
            if found is not None and found != mine:
                raise AlreadyMade(found[:16], found[16:])

    def let_go(self, home: int, event_id: bytes, once: Once) -> None:
        """Forget an id that was kept, as nothing was made, unless somebody else has made it."""
        key, mine = keys.made(home, once.name), event_id + once.digest
        if self._client.get(key) == mine and not self.is_made(event_id, once):
            self._client.delete(key)
            if self.is_made(event_id, once):
                self._client.set(key, mine, nx=True, px=KEPT_MS)

    def is_made(self, event_id: bytes, once: Once) -> bool:
        """Whether the event of an id was made, though it may be deleted since."""
        partition = ids.first_partition_of(event_id)
        return bool(self._client.exists(keys.made(partition, once.name)))
