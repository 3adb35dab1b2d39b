"""The claimer: how much it claims, and when its claims may be sent."""

from __future__ import annotations

from typing import Any, cast

import pytest

from app.engine.claimer import AHEAD_MS, MAX_UNWRITTEN, STALLED_FACTOR, Claimer
from app.store.calls import Call
from app.store.claims import Claim
from app.store.codec import definition_to_doc
from app.store.work import Heads
from tests.support.builders import a_definition
from tests.support.clock import NOW_MS, FakeClock

WINDOW = 100


@pytest.mark.parametrize(
    ("stalled", "unwritten", "room"),
    [
        (0, 0, WINDOW),
        (30, MAX_UNWRITTEN, WINDOW + 30),
        (10_000, 0, WINDOW + STALLED_FACTOR * WINDOW),
        (0, MAX_UNWRITTEN + 40, WINDOW - 40),
        (10_000, MAX_UNWRITTEN + 10_000, 0),
    ],
)
def test_stalled_claims_add_to_what_may_be_claimed_and_unwritten_outcomes_take_from_it(
    stalled: int, unwritten: int, room: int
) -> None:
    nothing = cast("Any", None)
    claimer = Claimer(
        *[nothing] * 4,
        FakeClock(),
        nothing,
        worker=b"w",
        lease_ms=1,
        window=WINDOW,
        overdue=nothing,
    )
    claimer.adjust(stalled, unwritten)
    claimer.settle(-(room - WINDOW // 4))
    assert not claimer.full or not room
    claimer.settle(-1)
    assert claimer.full


class FakeChannel:
    """Answers each claim with the rows that a test has laid down."""

    def __init__(self, *answers: list[list[Any]]) -> None:
        self.answers = list(answers)
        self.asked: list[int] = []
        self.busy = False

    def send(self, call: Call) -> None:
        self.asked.append(int(call.args[6]))
        self.busy = True

    def receive(self) -> list[list[Any]] | None:
        if not self.busy or not self.answers:
            return None
        self.busy = False
        return self.answers.pop(0)


class Nothing:
    """In place of the other collaborators: no flows, no series, no wake-ups."""

    partitions = 1
    wake_ms = NOW_MS + 60_000
    delayed = 0

    def heard(self) -> bool:
        return False

    def heads(self) -> list[Heads]:
        return [Heads(None, None, None, None)]

    def take_new(self) -> list[Claim]:
        return []

    def due(self, now_ms: int) -> list[Claim]:
        return []

    def clear(self) -> list[Claim]:
        return []

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def a_claimer(clock: FakeClock, channel: FakeChannel) -> Claimer:
    nothing = cast("Any", Nothing())
    return Claimer(
        *[nothing] * 3,
        cast("Any", channel),
        clock,
        nothing,
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


def test_nothing_is_claimed_ahead_while_the_next_can_not_be() -> None:
    """Otherwise the same occurrence would be asked for again and again until it is due."""
    clock, left = FakeClock(), b"%d" % (NOW_MS + 30)
    waits, early = [[], [], [b"flow"]], [[], [left], []]
    first, last = [[row(NOW_MS)], [], []], [[row(NOW_MS + 31)], [], []]
    channel = FakeChannel(waits, early, first, last)
    claimer = a_claimer(clock, channel)
    for _ in range(4):
        claimer.step(clock.now_ms(), closing=False)
    claimer.step(clock.advance(30), closing=False)
    ahead = [until - asked for until, asked in zip(channel.asked, [NOW_MS] * 3, strict=False)]
    assert ahead == [AHEAD_MS, AHEAD_MS, 0]
    assert channel.asked[-1] == NOW_MS + 30 + AHEAD_MS
