"""How much of the room each flow gets: by weight, over a few looks also where that is below one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from app.domain.ids import EventIds
from app.domain.weights import EQUAL, LaneWeights
from app.engine import flow_shares as module
from app.engine.flow_claimer import FlowClaimer
from app.engine.flow_shares import FlowShares
from app.store.flow_gate import Waiting
from app.store.flow_turns import Turn
from tests.support.clock import NOW_MS

HEAVY, LIGHT = 7, 9
_ids = EventIds()


def member(lane: int) -> bytes:
    return _ids.make(NOW_MS * 1000, 0, lane) + b"o" * 16


def shares_of(
    members: Mapping[bytes, Sequence[bytes]], room: int, seen: int, weights: LaneWeights
) -> dict[bytes, int]:
    """Those of a first look."""
    return FlowShares(weights).of(members, room, seen)


def many(heavy: int, light: int) -> dict[bytes, list[bytes]]:
    """So many flows of each tenant, in each of which much waits."""
    flows = {b"heavy%d" % number: [member(HEAVY)] * 64 for number in range(heavy)}
    return flows | {b"light%d" % number: [member(LIGHT)] * 64 for number in range(light)}


def test_flows_of_equal_tenants_have_equal_shares() -> None:
    members = {b"a": [member(HEAVY)], b"b": [member(LIGHT)], b"c": [member(LIGHT)]}
    assert shares_of(members, 256, 64, EQUAL) == {b"a": 85, b"b": 85, b"c": 85}


def test_a_flow_has_the_weight_of_the_tenant_who_is_first_in_it() -> None:
    members = {b"a": [member(HEAVY), member(LIGHT)], b"b": [member(LIGHT), member(HEAVY)]}
    assert shares_of(members, 50, 64, LaneWeights({HEAVY: 4})) == {b"a": 40, b"b": 10}


def test_of_equal_tenants_each_flow_is_asked_for_one_at_least() -> None:
    members = {b"a": [member(HEAVY)], b"b": [member(LIGHT)]}
    assert shares_of(members, 1, 64, EQUAL) == {b"a": 1, b"b": 1}


def test_the_room_is_given_out_to_the_last() -> None:
    members = {b"a": [member(HEAVY)], b"b": [member(LIGHT)]}
    assert shares_of(members, 3, 64, LaneWeights({HEAVY: 100})) == {b"a": 3}
    assert shares_of(members, 1, 64, LaneWeights({LIGHT: 2})) == {b"b": 1}


def test_shares_keep_their_ratio_though_so_many_are_seen_of_a_flow_at_most() -> None:
    members = {b"a": [member(HEAVY)] * 64, b"b": [member(LIGHT)] * 64}
    assert shares_of(members, 256, 64, LaneWeights({HEAVY: 4})) == {b"a": 64, b"b": 16}


def test_a_heavy_flow_with_little_leaves_the_room_to_others() -> None:
    members = {b"a": [member(HEAVY)] * 3, b"b": [member(LIGHT)] * 64}
    assert shares_of(members, 256, 64, LaneWeights({HEAVY: 4}))[b"b"] > 50


@pytest.mark.parametrize(
    ("heavy", "light", "weight", "room"),
    [(64, 64, 4, 128), (64, 64, 4, 16), (1, 63, 10, 32), (3, 5, 100, 7), (2, 1, 3, 1)],
)
def test_what_is_no_whole_occurrence_is_owed_until_it_is_one(
    heavy: int, light: int, weight: int, room: int
) -> None:
    """So shares are as wanted however many flows there are, and none waits for ever."""
    shares, flows = FlowShares(LaneWeights({HEAVY: weight})), many(heavy, light)
    looks, given = 400, Counter[bytes]()
    for _ in range(looks):
        found = shares.of(flows, room, 1_000)
        assert sum(found.values()) == room
        given.update(found)
    total = heavy * weight + light
    for flow in flows:
        wanted = looks * room * (weight if flow.startswith(b"heavy") else 1) / total
        assert abs(given[flow] - wanted) <= 1


def test_what_is_owed_to_flows_that_are_gone_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OWED", 5)
    shares = FlowShares(LaneWeights({HEAVY: 4}))
    for number in range(9):
        shares.of({b"%d" % number: [member(HEAVY)], b"x%d" % number: [member(LIGHT)]}, 3, 64)
        assert len(shares._owed) <= 5 + 2


class OpenGate:
    """Flows that allow whatever they are asked for, and in which as much waits as before."""

    def __init__(self, flows: dict[bytes, list[bytes]]) -> None:
        self.flows = flows
        self.look_ms = dict.fromkeys(flows, 0)
        self.started = Counter[bytes]()
        self.calls: list[int] = []

    def peek(self, now_ms: int, *_: Any) -> Waiting:
        there = [flow for flow, at_ms in self.look_ms.items() if at_ms <= now_ms]
        return Waiting({flow: self.flows[flow] for flow in there}, {0: there})

    def take(self, _worker: bytes, _request: int, asked: Any, **rest: int) -> list[Turn]:
        self.calls.append(len(asked))
        return [Turn([rest["now_ms"]] * len(some), rest["now_ms"]) for some in asked.values()]

    def claim(
        self, _partition: int, chosen: Any, looks: dict[bytes, int], *_: Any, **__: Any
    ) -> Any:
        self.started.update({flow: len(some) for flow, some in chosen.items()})
        self.look_ms |= looks
        return [], [*looks]


def test_a_drain_asks_flows_by_weight_and_those_it_left_out_with_the_next_look() -> None:
    flows = {name: [bytes([at]) + one[1:] for at, one in enumerate(some)]
             for name, some in many(8, 24).items()}  # fmt: skip
    gate = OpenGate(flows)
    drain = FlowClaimer(cast("Any", gate), b"w", 30_000, LaneWeights({HEAVY: 3}))
    for _ in range(60):
        drain.claim(NOW_MS, 12)
        assert drain.look_ms <= NOW_MS
    assert set(gate.calls) == {12}
    light = [gate.started[name] for name in flows if name.startswith(b"light")]
    heavy = [gate.started[name] for name in flows if name.startswith(b"heavy")]
    assert {*light} <= {14, 15, 16}
    assert {*heavy} <= {44, 45, 46}
