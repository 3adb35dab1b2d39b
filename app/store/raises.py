"""Which events go to the partitions that a store was given."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from app.domain import ids


@dataclass(frozen=True, slots=True)
class Raise:
    """Events are to be spread over so many partitions as there are since a raise."""

    former: int
    """How many there were."""

    wanted: int
    until_ms: int
    """Events that were made later (ms UTC) have been spread as they were made."""

    def target(self, event_id: bytes) -> int | None:
        """Where an event goes; ``None``: it stays where it is.

        Of all events each partition gets an equal share, and none goes to one that was there.
        """
        if ids.created_ms(event_id) >= self.until_ms:
            return None
        seed = b"%d" % self.wanted
        digest = hashlib.blake2b(event_id, digest_size=8, key=seed, person=b"partition").digest()
        place = int.from_bytes(digest, "big") % self.wanted
        return place if place >= self.former else None
