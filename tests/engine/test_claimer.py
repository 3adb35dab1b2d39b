"""The feeder: how much it takes on, and when it hands that over."""

from __future__ import annotations

from typing import Any, cast

import pytest

from app.engine.claimer import AHEAD_MS, STANDING_FACTOR, UNWRITTEN, Claimer
from app.store.calls import Call
from app.store.claims import Claim
from app.store.work import Heads
from tests.support.clock import NOW_MS, FakeClock

WINDOW = 100


@pytest.mark.parametrize(
    ("standing", "unwritten", "room"),
    [
        (0, 0, WINDOW),
        (30, UNWRITTEN, WINDOW + 30),
        (10_000, 0, WINDOW + STANDING_FACTOR * WINDOW),
        (0, UNWRITTEN + 40, WINDOW - 40),
        (10_000, UNWRITTEN + 10_000, 0),
    ],
)
def test_what_stands_still_leaves_room_for_more_and_what_is_unwritten_takes_it(
    standing: int, unwritten: int, room: int
) -> None:
    nothing = cast("Any", None)
    feeder = Claimer(
        *[nothing] * 4,
        FakeClock(),
        nothing,
        worker=b"w",
        lease_ms=1,
        window=WINDOW,
        overdue=nothing,
    )
    feeder.expect(standing, unwritten)
    feeder.done(-(room - WINDOW // 4))
    assert not feeder.full or not room
    feeder.done(-1)
    assert feeder.full


class FakeChannel:
    """Answers each claim with the rows that a test has laid down."""

    def __init__(self, *answers: list[list[Any]]) -> None:
        self.answers = list(answers)
        self.asked: list[int] = []
        self.busy = False

    def send(self, call: Call) -> None:
        self.asked.append(int(call.args[-1]))
        self.busy = True

    def receive(self) -> list[list[Any]] | None:
        if not self.busy or not self.answers:
            return None
        self.busy = False
        return self.answers.pop(0)


class Nothing:
    """In place of what this is not about: no flows, no series, no wake-ups."""

    partitions = 1
    wake_ms = NOW_MS + 60_000
    holding = 0

    def heard(self) -> bool:
        return False

    def heads(self) -> list[Heads]:
        return [Heads(None, None, None, None)]

    def fresh(self) -> list[Claim]:
        return []

    def due(self, now_ms: int) -> list[Claim]:
        return []

    def clear(self) -> list[Claim]:
        return []

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def feeding(clock: FakeClock, channel: FakeChannel) -> Claimer:
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
    return [b"o" * 16, b"e" * 16, at, 1, b"{}", *[None] * 6, at, *[None] * 6]


def test_what_is_claimed_ahead_leaves_at_its_moment() -> None:
    clock = FakeClock()
    feeder = feeding(clock, FakeChannel([row(NOW_MS + 20), row(NOW_MS)]))
    assert feeder.step(NOW_MS, closing=False) == []
    assert [one.due_ms for one in feeder.step(NOW_MS, closing=False)] == [NOW_MS]
    assert (feeder.holding, feeder.wake_ms) == (1, NOW_MS + 20)
    assert feeder.due(clock.advance(19)) == []
    assert [one.due_ms for one in feeder.due(clock.advance(1))] == [NOW_MS + 20]
    assert feeder.holding == 0


def test_it_is_given_up_when_asked() -> None:
    feeder = feeding(FakeClock(), FakeChannel([row(NOW_MS + 20)]))
    for _ in range(2):
        assert feeder.step(NOW_MS, closing=False) == []
    assert [one.due_ms for one in feeder.clear()] == [NOW_MS + 20]
    assert feeder.due(NOW_MS + 20) == []


def test_nothing_is_claimed_ahead_while_something_can_not_be() -> None:
    """Else the same occurrence would be asked for again and again until it is due."""
    clock, left = FakeClock(), ["", b"%d" % (NOW_MS + 30)]
    channel = FakeChannel([[b"flow"]], [left], [row(NOW_MS)], [row(NOW_MS + 31)])
    feeder = feeding(clock, channel)
    for _ in range(4):
        feeder.step(clock.now_ms(), closing=False)
    feeder.step(clock.advance(30), closing=False)
    ahead = [until - asked for until, asked in zip(channel.asked, [NOW_MS] * 3, strict=False)]
    assert ahead == [AHEAD_MS, AHEAD_MS, 0]
    assert channel.asked[-1] == NOW_MS + 30 + AHEAD_MS
