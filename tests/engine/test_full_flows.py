"""Full flows take turns: one look reads few of them, and none is forgotten."""

from __future__ import annotations

from typing import Any, cast

from app.engine.full_flows import EVERY_MS, MOST, MOST_CROWDED, FullFlows
from app.store.flow_looks import EndedAttempt, Lapsed
from tests.support.clock import NOW_MS

LEASE_MS = 30_000


class FakeGate:
    """Places whose receivers have yet to acknowledge, and some held for nothing."""

    def __init__(self) -> None:
        self.acknowledging: set[bytes] = set()
        self.lost: dict[bytes, EndedAttempt] = {}
        self.asked: list[list[bytes]] = []

    def lapsed(self, flows: list[bytes], _from_ms: int) -> Lapsed:
        self.asked.append(flows)
        ended = [self.lost.pop(one) for one in flows if one in self.lost]
        return Lapsed(ended, self.acknowledging & set(flows))


def test_nothing_is_asked_while_no_flow_is_full() -> None:
    gate = FakeGate()
    full = FullFlows(cast("Any", gate), LEASE_MS)
    assert (full.lapsed(NOW_MS), full.next_ms, gate.asked) == ([], None, [])


def test_what_is_known_as_full_is_learned_anew_before_it_is_much() -> None:
    """Each customer may have a flow that is full once, and never asked for again."""
    full = FullFlows(cast("Any", FakeGate()), LEASE_MS)
    assert full.learn([b"/a"], {b"/a"})
    assert not full.learn([b"/a"], {b"/a"})
    for number in range(MOST_CROWDED + 1):
        full.learn([b"%d" % number], {b"%d" % number})
    assert full.learn([b"/b"], {b"/b"})
    assert (b"/a" in full, b"1" in full, b"/b" in full) == (False, False, True)
    full.learn([b"/b"], set())
    assert b"/b" not in full


def test_a_flow_without_anybody_who_may_acknowledge_is_looked_at_once() -> None:
    gate = FakeGate()
    full = FullFlows(cast("Any", gate), LEASE_MS)
    full.add([b"/a"])
    assert full.lapsed(NOW_MS) == []
    assert full.next_ms is None
    assert full.lapsed(NOW_MS + EVERY_MS) == []
    assert gate.asked == [[b"/a"]]


def test_each_of_many_flows_has_its_turn_and_its_lost_places_are_found() -> None:
    """However many are watched, one look a second reads ``MOST`` of them."""
    gate = FakeGate()
    full = FullFlows(cast("Any", gate), LEASE_MS)
    names = [b"/%04d" % number for number in range(3 * MOST)]
    gate.acknowledging = set(names)
    full.add(names)
    gate.lost = {one: EndedAttempt(one, b"lost", None, 1, 1) for one in names}
    found: list[EndedAttempt] = []
    for moment_ms in range(NOW_MS, NOW_MS + 3 * EVERY_MS, EVERY_MS // 4):
        found += full.lapsed(moment_ms)
    assert sorted(one.flow for one in found) == names
    assert [len(flows) for flows in gate.asked] == [MOST] * 3
