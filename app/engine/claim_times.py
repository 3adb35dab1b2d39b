"""When a drain claims next from each partition, and what it may claim ahead.

Every answer to a claim says what is due first in its partition, and a look at the partitions that
the drain serves says so, too. Whoever adds something nearer wakes the drain. So a drain that waits
for the next one to be due asks for nothing meanwhile, and one claim takes what falls due in some
time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from app.clock import NEVER_MS
from app.engine.claim_ahead import AHEAD_MS, ClaimAhead

LEAD_MS = 20
"""How long before its due time at the latest, as long as the store answers within half of that: so
one claim takes all that falls due in the time between. A slower store is asked ``AHEAD_MS`` before.
"""

OTHERS_MS = 10
"""How often to claim for those who are not seen: well within ``AHEAD_MS``."""

TOGETHER_MS = 6
"""How much earlier than it must a partition is asked together with another one: a round trip for
each costs more than what is then left for another claim."""

MOST_TOGETHER = 8
"""How many partitions are asked in one round trip."""

HELP_AFTER_MS = 250
"""How late a partition of others has to be for a drain to help with it: its own drains are stopped,
slow or have too much to do."""

MOST_LISTED = 16
"""How many exact lanes the script looks past for the first one that may be claimed ahead."""


class ClaimTimes:
    """Moments to claim at, ms UTC, for the partitions of one drain."""

    def __init__(self, partitions: int) -> None:
        """Serve all of so many partitions at first."""
        self._next_ms = [0] * partitions
        self._own: Sequence[int] = range(partitions)
        self._asks = list(range(partitions))
        """Its own partitions, and those of others that it helps with, in order."""
        self._turn = 0
        self._asked = [0] * partitions
        self._lead_ms = LEAD_MS
        self.ahead = ClaimAhead()
        self._exact: dict[int, int] = {}
        """Lanes in which an occurrence is due soon that can't be claimed early, until when."""
        self._listed = 1
        """How many lanes the answers list that are yet to come: they were asked for before one of
        them says which others are exact."""

    def serve(self, partitions: Sequence[int], now_ms: int) -> None:
        """Have only these partitions served from now on; those that are new are asked at once."""
        more = (
            max(partitions, default=0) + 1 - len(self._next_ms)
        )  # the store has got more partitions
        self._next_ms += [NEVER_MS] * more
        self._asked += [0] * more
        for partition in set(partitions) - set(self._own):
            self._next_ms[partition] = min(self._next_ms[partition], now_ms)
        self._own, self._asks = partitions, sorted(partitions)

    @property
    def own(self) -> Sequence[int]:
        """The partitions that are served."""
        return self._own

    @property
    def next_ms(self) -> int:
        """When ``ready`` has a partition again."""
        return min([self._next_ms[one] for one in self._asks], default=NEVER_MS)

    def ready(self, now_ms: int) -> int | None:
        """The next partition to claim from, in turn; ``None``: nothing is due soon in any."""
        for partition in self._from(self._turn):
            if self._next_ms[partition] <= now_ms:
                return partition
        return None

    def together_with(self, first: int, now_ms: int) -> list[int]:
        """The partition and those to ask in the same round trip, in turn.

        Those that have more due than they gave at once are asked one by one: their answers are
        long. So are all while an exact moment may be near, before which to ask is in vain.
        """
        soon_ms = now_ms if self._exact else now_ms + TOGETHER_MS
        if self._next_ms[first] < now_ms - AHEAD_MS:
            return [first]
        others = self._from(first)[1:]
        soon = [one for one in others if now_ms - AHEAD_MS <= self._next_ms[one] <= soon_ms]
        return [first, *soon[: MOST_TOGETHER - 1]]

    def _from(self, turn: int) -> list[int]:
        """The partitions to ask, in order, beginning with the first whose turn it is."""
        at = bisect_left(self._asks, turn) if len(self._asks) > 1 else 0
        return self._asks[at:] + self._asks[:at] if at else self._asks

    def any_partition(self) -> int:
        """The next partition in turn, whether anything is due there or not."""
        return self._from(self._turn)[0]

    def ask(self, partition: int, *, for_all: bool) -> int:
        """Note that a partition is asked; returns how often it was.

        If ``for_all`` lanes, its answer says when to go on.
        """
        self._turn = partition + 1
        if for_all:
            self._next_ms[partition] = NEVER_MS
        self._asked[partition] += 1
        return self._asked[partition]

    def exact(self, now_ms: int) -> list[int]:
        """The lanes from which nothing is to be claimed ahead now."""
        self._exact = {lane: ms for lane, ms in self._exact.items() if ms > now_ms}
        self._listed = min(len(self._exact), MOST_LISTED) + 1
        return list(self._exact)

    def learn(
        self,
        partition: int,
        early: Iterable[bytes],
        heads: Sequence[bytes],
        now_ms: int,
        took_ms: int,
    ) -> None:
        """Learn from an answer that took so long.

        ``early``: what was left alone until it is due, see the script ``claim_due``; ``heads``: the
        lanes in which something is due first, each with the moment, one more than were exact,
        at most ``MOST_LISTED`` more than one.
        """
        self._lead_ms = AHEAD_MS if took_ms > LEAD_MS // 2 else LEAD_MS
        for due_ms, _, lane in (one.partition(b":") for one in early):
            if int(due_ms) > now_ms + AHEAD_MS:
                self.ahead.stay_near(now_ms)
            else:
                self._exact[int(lane)] = max(int(due_ms), self._exact.get(int(lane), 0))
        first = {int(lane): int(ms) for lane, ms in zip(heads[::2], heads[1::2], strict=True)}
        if self._leaves_some(first, now_ms - took_ms):
            turn = [one for one in self._asks if self._next_ms[one] <= now_ms]
            self.ahead.note_backlog(now_ms, len(turn) * took_ms)
        moments = [self._ahead_of(due_ms, lane) for lane, due_ms in first.items()]
        if len(moments) >= self._listed and all(lane in self._exact for lane in first):
            moments.append(now_ms + OTHERS_MS)
        next_ms = min(moments, default=NEVER_MS)
        if partition in self._own:
            self._claim_by(partition, next_ms)
        elif partition in self._asks:
            self._help(partition, next_ms, now_ms)

    def _leaves_some(self, first: Mapping[int, int], asked_ms: int) -> bool:
        """Whether more was due than an answer gave, or is about to be, given what comes next."""
        return any(
            due_ms <= asked_ms + (0 if lane in self._exact else AHEAD_MS)
            for lane, due_ms in first.items()
        )

    def look(self, due_ms: Mapping[int, int], now_ms: int) -> None:
        """Learn from a look when the first is due in partitions, ms UTC; help those that are late.

        Those of others are helped for as long as they are ``HELP_AFTER_MS`` behind.
        """
        for partition, moment in due_ms.items():
            if partition in self._own:
                self._claim_by(partition, moment - self._lead_ms)
            else:
                self._help(partition, moment, now_ms)

    def claim_now(self, partitions: Iterable[int], now_ms: int) -> None:
        """Claim from those of the partitions that are served: something nearer may have come up."""
        for partition in partitions:
            if partition in self._own:
                self._claim_by(partition, now_ms - self._lead_ms)

    def _help(self, partition: int, due_ms: int, now_ms: int) -> None:
        helps = due_ms <= now_ms - HELP_AFTER_MS and partition < len(self._next_ms)
        if helps:
            self._next_ms[partition] = due_ms
        if helps != (partition in self._asks):
            self._asks = sorted({*self._asks} ^ {partition})

    def _ahead_of(self, due_ms: int, lane: int) -> int:
        """When to claim what is due in a lane: no earlier than while it is exact."""
        exact_until_ms = min(self._exact.get(lane, 0), due_ms)
        return max(due_ms - self._lead_ms, exact_until_ms)

    def _claim_by(self, partition: int, moment_ms: int) -> None:
        """Claim no later: answers and looks overlap, and none puts off what another has seen."""
        self._next_ms[partition] = min(self._next_ms[partition], moment_ms)
