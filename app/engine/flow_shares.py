"""How many occurrences each flow is asked for, of those that a drain has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.ids import lane_of_event
from app.domain.weights import LaneWeights
from app.store.flow_turns import Member


def shares_of(
    members: Mapping[bytes, Sequence[Member]], room: int, seen: int, weights: LaneWeights
) -> dict[bytes, int]:
    """Share out the room among flows, each with what waits for it: at least one to each.

    A flow has the weight of the tenant whose occurrence is its first. So many are ``seen`` of each
    at most: if the heaviest has as many, the others get less than there is room for, this time.
    """
    if weights.are_equal:
        return dict.fromkeys(members, max(room // len(members), 1))
    # (A member begins with the id of its event.)
    of_flow = {flow: weights.of(lane_of_event(some[0])) for flow, some in members.items()}
    total = sum(of_flow.values())
    long = [weight for flow, weight in of_flow.items() if len(members[flow]) >= seen]
    room = min(room, seen * total // max(long)) if long else room
    return {flow: max(room * weight // total, 1) for flow, weight in of_flow.items()}
