"""How long ahead of its time a drain claims: longer while it has more due than it can send.

Whatever is held when its moment comes is sent then, however long the store takes meanwhile. A
backlog keeps the store at work: one call waits for another, and a disk or a fork stops them all
for 50 to 100 ms now and then. What the others have due in that time has to be claimed before.
"""

from __future__ import annotations

AHEAD_MS = 50
"""How long before its due time an occurrence is claimed at the earliest, unless there is a backlog.
Who changes or deletes its event after the claim finds its delivery in flight."""

FAR_MS = 250
"""The same while there is a backlog, if the next claim comes at once."""

MOST_MS = 1_000
"""The same where it takes long until all partitions have had their turn."""

LASTS_MS = 1_000
"""How long a backlog that was seen is expected to last, or to come again."""

NEAR_MS = 10_000
"""How long nothing is claimed far ahead after something that can't be: the rest of its lane would
have to wait with it."""

HELD = 4
"""Of what a drain may hold, a part of this size at most is claimed far ahead."""


class ClaimAhead:
    """Learns from the answers to claims; ``ms`` says how long ahead the next one claims."""

    def __init__(self) -> None:
        self._far_until_ms = self._near_until_ms = 0
        self._turn_ms = 0

    def note_backlog(self, now_ms: int, turn_ms: int) -> None:
        """Learn that an answer has left some that are due.

        ``turn_ms`` is how long it takes until all partitions with something due have had a turn.
        """
        self._far_until_ms, self._turn_ms = now_ms + LASTS_MS, turn_ms

    def stay_near(self, now_ms: int) -> None:
        """Learn that something can't be claimed far ahead."""
        self._near_until_ms = now_ms + NEAR_MS

    def ms(self, now_ms: int, held: int, window: int) -> int:
        """How long ahead to claim now, ms.

        ``held`` claims are not due yet, of so many that the drain may hold in all, ``window``.
        """
        is_far = self._near_until_ms <= now_ms < self._far_until_ms and held < window // HELD
        return min(FAR_MS + 2 * self._turn_ms, MOST_MS) if is_far else AHEAD_MS
