"""The claimer: how much it claims, and when its claims may be sent."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

from app.domain.ids import EventIds
from app.engine.claim_ahead import AHEAD_MS, FAR_MS, HELD
from app.engine.claim_times import LEAD_MS, OTHERS_MS, TOGETHER_MS, ClaimTimes
from app.engine.claimer import SLICE, Claimer
from app.engine.heads import HeadLooks
from app.engine.window import FEW, Window
from app.errors import StoreUnavailable
from app.metrics.registry import Registry
from app.store import keys
from app.store.calls import Call
from app.store.claims import Claim
from app.store.codec import definition_to_doc
from app.store.coordination import Wakes
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

    def send_all(self, calls: list[Call]) -> None:
        self.asked += [int(call.args[6]) for call in calls]
        self.calls += calls
        self.count = len(calls)
        self.busy = True

    def receive_all(self) -> list[list[list[Any]]] | None:
        if not self.busy or len(self.answers) < self.count:
            return None
        self.busy = False
        answers, self.answers = self.answers[: self.count], self.answers[self.count :]
        return answers


class Nothing:
    """In place of the other collaborators: no flows, no series, no wake-ups."""

    partitions = 1
    busy = False
    delayed = 0

    def news(self) -> Wakes | None:
        return None

    def __init__(self, heads: list[Heads] | None = None) -> None:
        self._heads = heads or [Heads(None, None, None, None)]

    def heads(self, partitions: list[int]) -> list[Heads]:
        return (self._heads * len(partitions))[: len(partitions)]

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

    def complete(self, claims: list[Claim]) -> list[Claim]:
        return claims

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def a_claimer(
    clock: FakeClock,
    channel: FakeChannel,
    heads: list[Heads] | None = None,
    window: Window | None = None,
    worker: bytes = b"w",
) -> Claimer:
    nothing = cast("Any", Nothing(heads))
    return Claimer(
        *[nothing] * 3,
        cast("Any", channel),
        clock,
        nothing,
        cast("Any", AtOnce()),
        worker=worker,
        lease_ms=1_000,
        window=window or Window(WINDOW),
        overdue=nothing,
        registry=Registry(),
    )


def answer(
    rows: list[Any] | None = None, early: list[bytes] | None = None, **rest: list[bytes]
) -> list[list[Any]]:
    """What the script ``claim_due`` answers."""
    return [rows or [], early or [], rest.get("flows", []), rest.get("heads", [])]


def row(due_ms: int) -> list[Any]:
    """A row of the claim script's answer."""
    at = b"%d" % due_ms
    doc = definition_to_doc(a_definition())
    return [b"o" * 16, b"e" * 16, at, 1, doc, *[None] * 6, at, *[None] * 7]


def test_what_is_claimed_ahead_is_returned_when_it_is_due() -> None:
    clock = FakeClock()
    claimer = a_claimer(clock, FakeChannel(answer([row(NOW_MS + 20), row(NOW_MS)])))
    assert claimer.step(NOW_MS, closing=False) == []
    assert [one.due_ms for one in claimer.step(NOW_MS, closing=False)] == [NOW_MS]
    assert (claimer.delayed, claimer.wake_ms) == (1, NOW_MS + 20)
    assert claimer.due(clock.advance(19)) == []
    assert [one.due_ms for one in claimer.due(clock.advance(1))] == [NOW_MS + 20]
    assert claimer.delayed == 0


def test_clear_returns_what_is_claimed_ahead() -> None:
    claimer = a_claimer(FakeClock(), FakeChannel(answer([row(NOW_MS + 20)])))
    for _ in range(2):
        assert claimer.step(NOW_MS, closing=False) == []
    assert [one.due_ms for one in claimer.clear()] == [NOW_MS + 20]
    assert claimer.due(NOW_MS + 20) == []


def head(lane: int, due_ms: int) -> list[bytes]:
    """A lane and when something is due in it, as an answer says so."""
    return [b"%d" % lane, b"%d" % due_ms]


def asked_at(claimer: Claimer, channel: FakeChannel, clock: FakeClock, ms: int) -> list[int]:
    """When it asks within so many milliseconds, in ms from now."""
    begun_ms, found = clock.now_ms(), []
    for _ in range(ms):
        for _ in range(9):
            before = len(channel.calls)
            claimer.step(clock.now_ms(), closing=False)
            found += [clock.now_ms() - begun_ms] * (len(channel.calls) - before)
        clock.advance(1)
    return found


def test_one_claim_takes_what_falls_due_in_some_time_and_the_next_comes_shortly_before_it_ends() -> (
    None
):
    """What is due next is known from the answer, so nothing is asked for meanwhile."""
    clock = FakeClock()
    taken = [row(NOW_MS + at) for at in (20, 30, 40, 50)]
    later = answer([row(NOW_MS + 55)], heads=head(7, NOW_MS + 900))
    channel = FakeChannel(answer(taken, heads=head(7, NOW_MS + 55)), later)
    assert asked_at(a_claimer(clock, channel), channel, clock, 100) == [0, 55 - LEAD_MS]
    assert channel.asked == [NOW_MS + AHEAD_MS, NOW_MS + 55 - LEAD_MS + AHEAD_MS]


def test_it_goes_on_at_once_while_more_is_due() -> None:
    clock = FakeClock()
    more = answer([row(NOW_MS)], heads=head(7, NOW_MS))
    channel = FakeChannel(more, more, answer([row(NOW_MS)]))
    assert asked_at(a_claimer(clock, channel), channel, clock, 100) == [0, 0, 0]


def test_partitions_with_something_due_soon_are_asked_in_one_round_trip() -> None:
    """They share what may be claimed at once."""
    channel = FakeChannel(answer([row(NOW_MS + 30)]), answer([row(NOW_MS + 30)]))
    claimer = a_claimer(FakeClock(), channel)
    claimer._times = ClaimTimes(3)
    for partition, at in enumerate((LEAD_MS, LEAD_MS + TOGETHER_MS, LEAD_MS + TOGETHER_MS + 1)):
        claimer._times.ask(partition, for_all=True)
        claimer._times.learn(partition, (), head(7, NOW_MS + at), NOW_MS, 0)
    for _ in range(2):
        claimer.step(NOW_MS, closing=False)
    assert [call.keys[0] for call in channel.calls] == [keys.lanes(0), keys.lanes(1)]
    assert [call.args[2] for call in channel.calls] == [WINDOW // 2] * 2
    assert claimer.delayed == 2


def test_every_partition_gives_its_lanes_their_turn() -> None:
    """The requests of two partitions are odd in one and even in the other; their turns are not."""
    clock, more = FakeClock(), answer(heads=head(7, NOW_MS - 2 * AHEAD_MS))
    channel = FakeChannel(*[more] * 6)
    claimer = a_claimer(clock, channel)
    claimer._times = ClaimTimes(2)
    for _ in range(6):
        claimer.step(NOW_MS, closing=False)
    asked = [(call.keys[0], call.args[5], call.args[9]) for call in channel.calls]
    assert asked == [
        (keys.lanes(request % 2), request + 1, request // 2 + 1) for request in range(6)
    ]


def test_a_lane_whose_next_can_not_be_claimed_ahead_is_asked_for_what_is_due() -> None:
    """Otherwise the same occurrence would be asked for again and again until it is due.

    Nothing is different for other lanes.
    """
    clock, left = FakeClock(), b"%d:7" % (NOW_MS + 30)
    early = answer(early=[left], heads=head(7, NOW_MS + 30))
    first = answer([row(NOW_MS)], heads=[*head(7, NOW_MS + 30), *head(8, NOW_MS + 80)])
    channel = FakeChannel(early, first, answer([row(NOW_MS + 31)]))
    assert asked_at(a_claimer(clock, channel), channel, clock, 60) == [0, OTHERS_MS, 30]
    assert [call.args[8] for call in channel.calls] == ["", ",7,", ""]
    assert channel.asked == [NOW_MS + at + AHEAD_MS for at in (0, OTHERS_MS, 30)]


def test_a_wake_up_has_it_look_and_claim_what_has_come_up() -> None:
    clock, heads = FakeClock(), [Heads(None, None, None, None)]
    channel = FakeChannel(answer(), answer([row(NOW_MS + 40)]))
    claimer = a_claimer(clock, channel, heads)
    assert asked_at(claimer, channel, clock, 10) == [0]
    heads[0] = Heads(NOW_MS + 40, None, None, None)
    assert asked_at(claimer, channel, clock, 5) == []
    news = [Wakes({0}, anywhere=False, shares=False)]
    claimer._listener = cast("Any", SimpleNamespace(news=lambda: news.pop() if news else None))
    assert asked_at(claimer, channel, clock, 50) == [40 - LEAD_MS - 15]


def test_a_wake_up_waits_for_no_look_that_takes_long() -> None:
    """A look also fails what was not acknowledged in time, and releases leases."""
    clock, channel = FakeClock(), FakeChannel(answer(), answer([row(NOW_MS + 5)]))
    claimer = a_claimer(clock, channel)
    claimer._looks = HeadLooks(
        cast("Any", Nothing()),
        lambda *_: 0,
        cast("Any", SimpleNamespace(submit=lambda _: Future())),
    )
    assert asked_at(claimer, channel, clock, 5) == [0]
    assert claimer._looks.busy
    news = [Wakes({0}, anywhere=False, shares=False)]
    claimer._listener = cast("Any", SimpleNamespace(news=lambda: news.pop() if news else None))
    assert asked_at(claimer, channel, clock, 5) == [0]


def test_a_store_that_is_slow_is_asked_earlier() -> None:
    """So its time makes no delivery late."""
    clock = FakeClock()
    channel = FakeChannel()
    claimer = a_claimer(clock, channel)
    claimer.step(clock.now_ms(), closing=False)
    clock.advance(LEAD_MS // 2 + 1)
    channel.answers.append(answer(heads=head(7, NOW_MS + 200)))
    assert asked_at(claimer, channel, clock, 300)[0] == 200 - AHEAD_MS - LEAD_MS // 2 - 1


def rows_of(lane: int, count: int) -> list[list[Any]]:
    made = []
    for number in range(count):
        one = row(NOW_MS)
        one[0] = number.to_bytes(16, "big")
        one[1] = EventIds().make(NOW_MS * 1_000, 0, lane)
        made.append(one)
    return made


def test_a_long_answer_is_read_in_slices_in_turn_for_each_lane() -> None:
    channel = FakeChannel(answer([*rows_of(1, 40), *rows_of(2, 2)]))
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
    channel = FakeChannel(answer(rows_of(1, WINDOW)), answer(rows_of(2, 2)), answer())
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


def test_beside_a_backlog_others_are_claimed_so_far_ahead_that_a_slow_store_makes_none_late() -> (
    None
):
    """The second answer takes 200 ms, as where the disk stalls: all of it is held by then."""
    clock, late = FakeClock(), head(1, NOW_MS)
    soon = [row(NOW_MS + at) for at in (60, 120, 180, 240)]
    channel = FakeChannel(answer(rows_of(1, SLICE), heads=late))
    claimer = a_claimer(clock, channel)
    claimer.step(NOW_MS, closing=False)
    claimer.step(NOW_MS, closing=False)
    assert channel.asked == [NOW_MS + AHEAD_MS, NOW_MS + FAR_MS]
    channel.answers.append(answer(soon, heads=late))
    for _ in range(2):
        claimer.step(NOW_MS, closing=False)
    clock.advance(200)
    assert [one.due_ms - NOW_MS for one in claimer.due(NOW_MS + 200)] == [60, 120, 180]
    assert claimer.delayed == 1


def test_what_is_held_far_ahead_leaves_most_of_the_window_to_the_backlog() -> None:
    late = head(1, NOW_MS)
    held = [row(NOW_MS + 60) for _ in range(WINDOW // HELD)]
    channel = FakeChannel(answer(heads=late), answer(held, heads=late))
    claimer = a_claimer(FakeClock(), channel)
    for _ in range(4):
        claimer.step(NOW_MS, closing=False)
    assert claimer.delayed == WINDOW // HELD
    channel.answers.append(answer(heads=late))
    claimer.step(NOW_MS, closing=False)
    assert [one - NOW_MS for one in channel.asked] == [AHEAD_MS, FAR_MS, FAR_MS, AHEAD_MS]


def test_an_end_makes_room_in_its_lane() -> None:
    clock = FakeClock()
    channel = FakeChannel(answer(rows_of(1, WINDOW)))
    claimer = a_claimer(clock, channel)
    claimer.step(NOW_MS, closing=False)
    claims = [one for _ in range(20) for one in claimer.step(NOW_MS, closing=False)]
    assert dict(claimer.window._held) == {1: WINDOW}
    claimer.window.settle(claims)
    assert not claimer.window.full
    assert not claimer.window._held


def limits(channel: FakeChannel) -> list[int]:
    """How many each call has asked for at most."""
    return [int(call.args[2]) for call in channel.calls]


def test_two_that_share_a_window_claim_no_more_than_it_holds() -> None:
    """The second waits for the answer to the first, and does not ask again and again meanwhile."""
    clock, window = FakeClock(), Window(WINDOW)
    channels = FakeChannel(), FakeChannel()
    first, second = (
        a_claimer(clock, channel, window=window, worker=b"w.%d" % number)
        for number, channel in enumerate(channels)
    )
    for one in (first, second):
        one.step(NOW_MS, closing=False)
    assert [limits(one) for one in channels] == [[WINDOW], []]
    assert second.wake_ms > NOW_MS
    channels[0].answers.append(answer([row(NOW_MS)]))
    for one in (first, second):
        one.step(NOW_MS, closing=False)
    assert [limits(one) for one in channels] == [[WINDOW], [WINDOW - 1]]


def test_what_was_not_read_yet_is_given_back_with_the_rest() -> None:
    channel = FakeChannel(answer(rows_of(1, 40)))
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
