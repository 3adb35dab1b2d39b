"""How many occurrences each flow is asked for, of those that a drain has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.ids import lane_of_event
from app.domain.weights import LaneWeights
from app.store.flow_turns import Member

MOST_OWED = 10_000
"""Of so many flows it is kept what they are owed, less than one each; then it is forgotten."""


class FlowShares:
    """The shares of flows in one drain, one look after the other."""

    def __init__(self, weights: LaneWeights) -> None:
        self._weights = weights
        self._owed: dict[bytes, float] = {}
        """What a flow should have had, in parts of an occurrence; less than 0: it had too much."""

    def of(
        self, members: Mapping[bytes, Sequence[Member]], room: int, seen: int
    ) -> dict[bytes, int]:
        """Share out the room among flows, each with what waits for it; those left out get nothing.

        A flow has the weight of the tenant whose occurrence is its first. If all have the same, it
        gets one at least. Otherwise what is no whole occurrence is owed to it, and those that are
        owed most get one. So many are ``seen`` of each at most: if the heaviest has as many, the
        others get less than there is room for, this time.
        """
        if self._weights.are_equal:
            return dict.fromkeys(members, max(room // len(members), 1))
        # (A member begins with the id of its event.)
        of_flow = {flow: self._weights.of(lane_of_event(some[0])) for flow, some in members.items()}
        total = sum(of_flow.values())
        long = [weight for flow, weight in of_flow.items() if len(members[flow]) >= seen]
        room = min(room, seen * total // max(long)) if long else room
        if len(self._owed) > MOST_OWED:
            self._owed.clear()
        owed = {
            flow: self._owed.get(flow, 0.0) + room * weight / total
            for flow, weight in of_flow.items()
        }
        shares = {flow: room * weight // total for flow, weight in of_flow.items()}
        left = room - sum(shares.values())
        for flow in sorted(owed, key=lambda one: shares[one] - owed[one])[:left]:
            shares[flow] += 1
        self._owed |= {flow: owed[flow] - shares[flow] for flow in owed}
        return {flow: some for flow, some in shares.items() if some}
