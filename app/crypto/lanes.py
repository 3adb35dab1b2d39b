"""Lanes: the number that stands for a tenant in the ids of its events.

A tenant is the ``sub`` of a token. What is due is claimed and sent from all lanes in turn, so a
tenant with much to send holds up only itself. The number is a keyed hash: an id, which others may
see, does not tell the ``sub``. Two tenants may share a lane, and a tenant gets another lane when
the key changes; both only make the turns less fair.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from app.crypto.encryption import derived_key
from app.domain.ids import MAX_LANES
from app.domain.weights import REST, LaneWeights, Weights


class Lanes:
    """Tells the lane of a tenant."""

    def __init__(self, secret: str) -> None:
        """``secret``: the key is derived from it."""
        self._key = derived_key(secret, "lanes")

    def of(self, subject: str) -> int:
        """Return the lane of a subject: always the same for the same secret."""
        digest = hashlib.blake2b(subject.encode(), key=self._key, digest_size=8).digest()
        return int.from_bytes(digest, "big") % MAX_LANES


def weights_of_lanes(weights: Weights, secrets: Iterable[str]) -> LaneWeights:
    """The weights of the lanes that tenants have with each of some secrets: now, and before.

    Named tenants who share a lane share the sum of their weights.
    """
    by_lane: dict[int, int] = {}
    for lanes in map(Lanes, secrets):
        sums: Counter[int] = Counter()
        for sub, weight in weights:
            if sub != REST:
                sums[lanes.of(sub)] += weight
        for lane, weight in sums.items():
            by_lane[lane] = max(weight, by_lane.get(lane, 0))
    return LaneWeights(by_lane, dict(weights).get(REST, 1))
