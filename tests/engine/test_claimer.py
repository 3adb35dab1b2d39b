"""The claimer: how much it claims, and when its claims may be sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from app.domain.ids import EventIds
from app.engine.claimer import (
    AHEAD_MS,
    OTHERS_MS,
    SLICE,
    Claimer,
)
from app.engine.window import FEW
from app.errors import StoreUnavailable
from app.store.calls import Call
from app.store.claims import Claim
from app.store.codec import definition_to_doc
from app.store.work import Heads
from tests.support.at_once import AtOnce
from tests.support.builders import a_definition
from tests.support.clock import NOW_MS, FakeClock

WINDOW = 100


class FakeChannel:
    """Answers each claim with the rows that a test has laid down."""

    def __init__(self, *answers: list[list[Any]]) -> None:
        self.answers = list(answers)
        self.asked: list[int] = []
        self.calls: list[Call] = []
        self.busy = False

    def send(self, call: Call) -> None:
        self.asked.append(int(call.args[6]))
        self.calls.append(call)
        self.busy = True

    def receive(self) -> list[list[Any]] | None:
        if not self.busy or not self.answers:
            return None
        self.busy = False
        return self.answers.pop(0)


class Nothing:
    """In place of the other collaborators: no flows, no series, no wake-ups."""

    partitions = 1
    busy = False
    delayed = 0

    def heard(self) -> bool:
        return False

    def __init__(self, heads: list[Heads] | None = None) -> None:
        self._heads = heads or [Heads(None, None, None, None)]

    def heads(self) -> list[Heads]:
        return self._heads

    def wake_ms(self, *_: Any, **__: Any) -> int:
        return NOW_MS + 60_000

    def is_ready(self, now_ms: int) -> bool:
        return False

    def filenos(self) -> list[int]:
        return []

    def step(self, *_: Any, **__: Any) -> list[Claim]:
        return []

    def join(self) -> list[Claim]:
        return []

    def take_new(self) -> list[Claim]:
        return []

    def due(self, now_ms: int) -> list[Claim]:
        return []

    def clear(self) -> list[Claim]:
        return []

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def a_claimer(clock: FakeClock, channel: FakeChannel, heads: list[Heads] | None = None) -> Claimer:
    nothing = cast("Any", Nothing(heads))
    return Claimer(
        *[nothing] * 3,
        cast("Any", channel),
        clock,
        nothing,
        cast("Any", AtOnce()),
        worker=b"w",
        lease_ms=1_000,
        window=WINDOW,
        overdue=nothing,
    )


def row(due_ms: int) -> list[Any]:
    """A row of the claim script's answer."""
    at = b"%d" % due_ms
    doc = definition_to_doc(a_definition())
    return [b"o" * 16, b"e" * 16, at, 1, doc, *[None] * 6, at, *[None] * 6]


def test_what_is_claimed_ahead_is_returned_when_it_is_due() -> None:
    clock = FakeClock()
    claimer = a_claimer(clock, FakeChannel([[row(NOW_MS + 20), row(NOW_MS)], [], []]))
    assert claimer.step(NOW_MS, closing=False) == []
    assert [one.due_ms for one in claimer.step(NOW_MS, closing=False)] == [NOW_MS]
    assert (claimer.delayed, claimer.wake_ms) == (1, NOW_MS + 20)
    assert claimer.due(clock.advance(19)) == []
    assert [one.due_ms for one in claimer.due(clock.advance(1))] == [NOW_MS + 20]
    assert claimer.delayed == 0


def test_clear_returns_what_is_claimed_ahead() -> None:
    claimer = a_claimer(FakeClock(), FakeChannel([[row(NOW_MS + 20)], [], []]))
    for _ in range(2):
        assert claimer.step(NOW_MS, closing=False) == []
    assert [one.due_ms for one in claimer.clear()] == [NOW_MS + 20]
    assert claimer.due(NOW_MS + 20) == []


def test_a_lane_whose_next_can_not_be_claimed_ahead_is_asked_for_what_is_due() -> None:
    """Otherwise the same occurrence would be asked for again and again until it is due.

    Nothing is different for other lanes.
    """
    clock, left = FakeClock(), b"%d:7" % (NOW_MS + 30)
    waits, early = [[], [], [b"flow"]], [[], [left], []]
    first, last = [[row(NOW_MS)], [], []], [[row(NOW_MS + 31)], [], []]
    channel = FakeChannel(waits, early, first, last)
    claimer = a_claimer(clock, channel)
    for _ in range(4):
        claimer.step(clock.now_ms(), closing=False)
    claimer.step(clock.advance(30), closing=False)
    assert [call.args[8] for call in channel.calls] == ["", "", ",7,", ",7,", ""]
    assert channel.asked[:3] == [NOW_MS + AHEAD_MS] * 3
    assert channel.asked[-1] == NOW_MS + 30 + AHEAD_MS


def test_while_one_waits_that_can_not_be_claimed_ahead_it_looks_now_and_then() -> None:
    """At that moment, and meanwhile often enough for what is due in other lanes."""
    clock, nothing = FakeClock(), [[], [], []]
    early = [[], [b"%d:7" % (NOW_MS + 25)], []]
    channel = FakeChannel(early, *[nothing] * 50)
    heads = [Heads(NOW_MS + 25, None, None, None)]
    claimer = a_claimer(clock, channel, heads)
    asked: list[int] = []
    for _ in range(25):
        for _ in range(9):
            before = len(channel.calls)
            claimer.step(clock.now_ms(), closing=False)
            asked += [clock.now_ms() - NOW_MS] * (len(channel.calls) - before)
        clock.advance(1)
    assert {10, 20} <= set(asked) <= {0, 10, 20}
    claimer.step(clock.now_ms(), closing=False)
    assert channel.calls[-1].args[1:2] == [NOW_MS + 25]
    assert channel.calls[-1].args[8] == ""


def rows_of(lane: int, count: int) -> list[list[Any]]:
    made = []
    for number in range(count):
        one = row(NOW_MS)
        one[0] = number.to_bytes(16, "big")
        one[1] = EventIds().make(NOW_MS * 1_000, 0, lane)
        made.append(one)
    return made


def test_a_long_answer_is_read_in_slices_in_turn_for_each_lane() -> None:
    channel = FakeChannel([[*rows_of(1, 40), *rows_of(2, 2)], [], []])
    claimer = a_claimer(FakeClock(), channel)
    claimer.step(NOW_MS, closing=False)
    first = claimer.step(NOW_MS, closing=False)
    assert [one.lane for one in first] == [1, 2, 1, 2, *[1] * (SLICE - 4)]
    assert claimer.delayed == 42 - SLICE
    assert claimer.wake_ms <= NOW_MS
    rest = [one for _ in range(9) for one in claimer.step(NOW_MS, closing=False)]
    assert len(first) + len(rest) == 42
    assert claimer.delayed == 0


def test_a_full_window_has_room_for_lanes_with_few_claims_in_it() -> None:
    """Nobody's thousands keep the others out; they ask for no more than is left for them."""
    clock = FakeClock()
    channel = FakeChannel([rows_of(1, WINDOW), [], []], [rows_of(2, 2), [], []], [[], [], []])
    claimer = a_claimer(clock, channel)
    claimer.step(NOW_MS, closing=False)
    for _ in range(20):
        claimer.step(clock.now_ms(), closing=False)
    assert claimer.window.full
    assert [call.args[7] for call in channel.calls] == ["", ",1,"]
    assert channel.calls[1].args[2] <= WINDOW // FEW
    assert claimer.wake_ms <= clock.now_ms() + OTHERS_MS
    for _ in range(20):
        claimer.step(clock.advance(1), closing=False)
    assert [call.args[7] for call in channel.calls] == ["", ",1,", ",1,", ",1,"]


def test_an_end_makes_room_in_its_lane() -> None:
    clock = FakeClock()
    channel = FakeChannel([rows_of(1, WINDOW), [], []])
    claimer = a_claimer(clock, channel)
    claimer.step(NOW_MS, closing=False)
    claims = [one for _ in range(20) for one in claimer.step(NOW_MS, closing=False)]
    assert dict(claimer.window._held) == {1: WINDOW}
    claimer.window.settle(claims)
    assert not claimer.window.full
    assert not claimer.window._held


def test_what_was_not_read_yet_is_given_back_with_the_rest() -> None:
    channel = FakeChannel([rows_of(1, 40), [], []])
    claimer = a_claimer(FakeClock(), channel)
    claimer.step(NOW_MS, closing=False)
    read = claimer.step(NOW_MS, closing=True)
    assert len(read) + len(claimer.clear()) == 40


def test_news_from_the_background_is_heard_while_the_store_is_left_alone() -> None:
    """Otherwise its file descriptor would stay readable, and the drain could not sleep."""
    clock, heard = FakeClock(), []

    class Away(FakeChannel):
        def receive(self) -> list[list[Any]] | None:
            raise StoreUnavailable

    claimer = a_claimer(clock, Away())
    cast("Any", claimer.flows).busy = True
    claimer._background = cast("Any", SimpleNamespace(hear=lambda: heard.append(1)))
    for times in range(1, 4):
        claimer.step(clock.now_ms(), closing=False)
        assert len(heard) == times
