"""How many occurrences each flow is asked for, of those that a drain has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.ids import lane_of_event
from app.domain.weights import LaneWeights
from app.store.flow_turns import Member


def shares_of(
    members: Mapping[bytes, Sequence[Member]], room: int, weights: LaneWeights
) -> dict[bytes, int]:
    """Share out the room among flows, each with what waits for it: at least one to each.

    A flow has the weight of the tenant whose occurrence is its first.
    """
    if weights.are_equal:
        return dict.fromkeys(members, max(room // len(members), 1))
    # (A member begins with the id of its event.)
    of_flow = {flow: weights.of(lane_of_event(some[0])) for flow, some in members.items()}
    total = sum(of_flow.values())
    return {flow: max(room * weight // total, 1) for flow, weight in of_flow.items()}
