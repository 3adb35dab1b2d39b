from __future__ import annotations

from app.domain.ids import EventIds
from app.domain.weights import EQUAL, LaneWeights
from app.engine.flow_shares import shares_of
from tests.support.clock import NOW_MS

HEAVY, LIGHT = 7, 9
_ids = EventIds()


def member(lane: int) -> bytes:
    return _ids.make(NOW_MS * 1000, 0, lane) + b"o" * 16


def test_flows_of_equal_tenants_have_equal_shares() -> None:
    members = {b"a": [member(HEAVY)], b"b": [member(LIGHT)], b"c": [member(LIGHT)]}
    assert shares_of(members, 256, 64, EQUAL) == {b"a": 85, b"b": 85, b"c": 85}


def test_a_flow_has_the_weight_of_the_tenant_who_is_first_in_it() -> None:
    members = {b"a": [member(HEAVY), member(LIGHT)], b"b": [member(LIGHT), member(HEAVY)]}
    assert shares_of(members, 50, 64, LaneWeights({HEAVY: 4})) == {b"a": 40, b"b": 10}


def test_each_flow_is_asked_for_one_at_least() -> None:
    members = {b"a": [member(HEAVY)], b"b": [member(LIGHT)]}
    assert shares_of(members, 3, 64, LaneWeights({HEAVY: 100})) == {b"a": 2, b"b": 1}
    assert shares_of(members, 1, 64, EQUAL) == {b"a": 1, b"b": 1}


def test_shares_keep_their_ratio_though_so_many_are_seen_of_a_flow_at_most() -> None:
    members = {b"a": [member(HEAVY)] * 64, b"b": [member(LIGHT)] * 64}
    assert shares_of(members, 256, 64, LaneWeights({HEAVY: 4})) == {b"a": 64, b"b": 16}


def test_a_heavy_flow_with_little_leaves_the_room_to_others() -> None:
    members = {b"a": [member(HEAVY)] * 3, b"b": [member(LIGHT)] * 64}
    assert shares_of(members, 256, 64, LaneWeights({HEAVY: 4}))[b"b"] > 50
