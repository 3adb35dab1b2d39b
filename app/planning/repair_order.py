"""Which events that lack a successor upkeep plans, and how much of its work each tenant gets.

Those are first that have waited longest for what they cost (highest response ratio next): a cheap
series is never behind a thousand costly ones, and the turn of a costly one comes too. A tenant is
known by its lane; see ``app.crypto.lanes``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from app.domain.ids import lane_of_event
from app.domain.shares import Shares
from app.planning.costs import Costs
from app.planning.limits import CHEAP, LANE, LANE_A_SECOND, REPAIRS


class Chosen(NamedTuple):
    """What one repair plans, and whether it leaves anything that could be planned at once."""

    event_ids: list[bytes]
    is_all: bool


class RepairOrder:
    """Chooses for one process, whose ``costs`` say what the events have cost."""

    def __init__(self, costs: Costs, unbounded: Collection[int] = ()) -> None:
        """``unbounded``: the lanes that have no bound."""
        self._costs = costs
        self._unbounded = unbounded
        self._shares = Shares[int](LANE, LANE_A_SECOND)

    def choose(self, waiting: Mapping[bytes, int], now_ms: int, most: int) -> Chosen:
        """Choose from events and since when they wait, ms UTC.

        At most so many, of at most ``REPAIRS`` steps, as far as is known, and one at least. What
        is cheap has no bound of its lane's.
        """
        costs = {one: self._costs.of(one, now_ms, CHEAP) for one in waiting}
        in_order = sorted(waiting, key=lambda one: costs[one] / (1 + max(now_ms - waiting[one], 0)))
        left: dict[int, float] = {}
        chosen: list[bytes] = []
        spare = REPAIRS
        for one in in_order:
            cost, lane = costs[one], lane_of_event(one)
            if cost > CHEAP and lane not in self._unbounded:
                if lane not in left:
                    left[lane] = self._shares.left(lane, now_ms / 1000)
                if left[lane] <= 0:
                    continue
                left[lane] -= cost
            spare -= cost
            if chosen and (spare < 0 or len(chosen) == most):
                return Chosen(chosen, is_all=False)
            chosen.append(one)
        return Chosen(chosen, is_all=True)

    def affords(self, event_id: bytes, now_ms: int) -> bool:
        """Whether an event may be planned now, as far as its lane's share goes."""
        lane = lane_of_event(event_id)
        is_cheap = self._costs.of(event_id, now_ms, CHEAP) <= CHEAP
        return is_cheap or lane in self._unbounded or self._shares.left(lane, now_ms / 1000) > 0

    def spend(self, event_id: bytes, steps: int, now_ms: int) -> None:
        """Note what planning an event has taken, and take it from its lane's share."""
        self._costs.learn(event_id, steps, now_ms)
        if steps > CHEAP:
            self._shares.take(lane_of_event(event_id), steps, now_ms / 1000)
