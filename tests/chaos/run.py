"""One run of chaos: load and faults together, then quiet, then the account."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from app.domain import ids
from app.domain.audit import ChainBroken, check
from app.store import keys
from app.store.connection import StoreClient
from app.store.open_intents import intents_in
from tests.chaos.calls import Call
from tests.chaos.client import NEAR_MS, Client
from tests.chaos.faults import WORKERS, Fault, Hand, planned
from tests.chaos.judge import Judge, occurrences_of
from tests.chaos.ledger import now_ms
from tests.chaos.metronome import Metronome
from tests.chaos.receiver import LOG, receiving
from tests.chaos.records import Arrivals, recorded
from tests.chaos.standing import Explanations
from tests.chaos.verdict import Kind, Verdict
from tests.support.invariants import contradictions
from tests.support.stack import Stack
from tests.support.stalls import Stalling
from tests.support.wait import wait_until

LEASE_S = 2.0
PARTITIONS = 2
QUIET_S = 300.0
"""How long what was broken may take to be done with all that waits, on a slow machine."""

UNMADE_S = 60.0
"""How much longer a short run on a slow machine may take, so that every write call is made."""

SAID_BY_RECEIVERS = {Call.ACK, Call.NACK}

SETTLED_MS = 2_000
"""Series are judged up to so long before they were paused."""


@dataclass(frozen=True)
class Load:
    """How much is asked of the service meanwhile."""

    clients: int = 6
    series: int = 6
    """So many series each client keeps going."""
    pause_s: float = 0.15
    """Between one act of a client and its next, on average."""


def chaos(
    seed: int,
    seconds: float,
    say: Callable[[str], None],
    load: Load = Load(),
    prepare: Callable[[Path], None] | None = None,
    faults: Sequence[Fault] | None = None,
    make_hand: Callable[[Stack, Callable[[str], None]], Hand] = Hand,
    make_stack: Callable[..., Stack] = Stack,
) -> Verdict:
    """Run for so many seconds of faults and stalls; says what happens as it does.

    ``prepare`` may change the directory that the service is started in, ``make_hand`` who does the
    faults, ``make_stack`` what they are done to; ``faults`` are those of the seed if none are given.
    """
    if faults is None:
        faults = planned(seed, seconds, LEASE_S)
    say(f"seed {seed}, {seconds:g} s, {len(faults)} faults, {load}")
    stack = make_stack(
        workers=WORKERS,
        LEASE=f"{LEASE_S:g}s",
        DELIVERY_TIMEOUT="1s",
        STOP_GRACE="3s",
        PARTITIONS=str(PARTITIONS),
        WEB_WORKERS="2",
    )
    if prepare is not None:
        prepare(stack.directory)
    begun_ms = now_ms()
    with stack, receiving(stack.directory, stack.port) as port, Metronome() as metronome:
        hand = make_hand(stack, say)
        stalling = Stalling(seed, hand.stallable, hand.lock)
        stop = threading.Event()
        clients = [
            Client(
                stack.api, port, f"{seed}-{number}", stop, pause_s=load.pause_s, series=load.series
            )
            for number in range(load.clients)
        ]
        try:
            hand.prepare()
            for client in clients:
                client.start()
            with stalling:
                hand.run(faults, seconds)
                _in_time(lambda: not _unmade(_made(clients)) - SAID_BY_RECEIVERS, UNMADE_S)
        finally:
            stop.set()
            for client in clients:
                client.join()
        say(f"stalls: {stalling.count}")
        explanations = Explanations(hand.windows, stalling.windows, metronome, hand.lossy)
        try:
            return _account(stack, hand, clients, explanations, begun_ms, say)
        finally:
            hand.kill_all()


def _account(
    stack: Stack,
    hand: Hand,
    clients: list[Client],
    explanations: Explanations,
    begun_ms: int,
    say: Callable[[str], None],
) -> Verdict:
    begun = time.monotonic()
    stack.up()
    quiet_ms, left_open = _come_to_rest(stack)
    records = recorded(stack.api, begun_ms, now_ms() + 60_000)
    found = stack.snapshot()
    arrivals = Arrivals.of(stack.directory / LOG)
    judge = Judge(
        records, arrivals, explanations, quiet_ms, occurrences_of(found, stack.partitions)
    )
    judge.judge([entry for one in clients for entry in one.entries])
    verdict = judge.verdict
    verdict.note(Kind.CONTRADICTION, contradictions(found, stack.partitions) + left_open)
    verdict.note(Kind.ANSWER, (problem for one in clients for problem in one.problems))
    verdict.note(Kind.ANSWER, (f"{one.name}: {one.error!r}" for one in clients if one.error))
    verdict.note(Kind.MADE_UP, _made_twice(stack, clients))
    changes = {request: call for one in clients for request, call in one.changes.items()}
    verdict.changes = len(changes)
    verdict.note(Kind.UNAUDITED, _unaudited(stack, changes))
    made = _made(clients) + Counter({Call.ACK: arrivals.acknowledged, Call.NACK: arrivals.refused})
    verdict.note(Kind.UNMADE, (f"{one} had no good answer" for one in sorted(_unmade(made))))
    answers = sum((one.answers for one in clients), Counter[str]())
    edits = sum((one.acts for one in clients), Counter[str]())
    say(f"faults: {_of(hand.done)}")
    near, waited = sum(one.near for one in clients), sum(one.waited for one in clients)
    say(
        f"edits: {edits.total()} {_of(edits)}; {near} of {waited} within {NEAR_MS} ms of a due time"
    )
    say(f"write calls answered with a success: {made.total()} {_of(made)}")
    say(f"answers: {_of(answers)}; none while the API was killed or stopped")
    say(f"quiet after {time.monotonic() - begun:.1f} s")
    for line in verdict.lines:
        say(line)
    for problem in verdict.problems[:50]:
        say(f"{problem.kind.upper()}: {problem.text}")
    return verdict


def _made(clients: Iterable[Client]) -> Counter[Call]:
    """How often each call was answered with a success."""
    return sum((one.made.copy() for one in clients), Counter[Call]())


def _unmade(made: Mapping[Call, int]) -> set[Call]:
    return {one for one in Call if not made.get(one)}


def _of(counted: Mapping[Any, int]) -> str:
    return "(" + ", ".join(f"{count} {name}" for name, count in sorted(counted.items())) + ")"


def _made_twice(stack: Stack, clients: list[Client]) -> Iterable[str]:
    """Events made under an idempotency key of which there is one more."""
    once = {name: made for one in clients for name, made in one.once.items()}
    for status in ("active", "paused", "inactive"):
        for event in _all_events(stack, status):
            if once.get(event["name"], event["id"]) != event["id"]:
                yield f"event {event['id']} was made again under the key {event['name']}"


def _unaudited(stack: Stack, changes: Mapping[str, Call]) -> Iterable[str]:
    """What is wrong with the chain, and the changes that are not in it, nor meant to be."""
    # First: upkeep makes entries of intents all the time, also while the log is read.
    with stack.redis() as client:
        places = intents_in(is_cluster=True)  # on one server all but the first are empty
        intents = [value.decode() for key in places for value in client.hvals(key.decode())]
    try:
        answer = stack.api.call("GET", "/audit/export")
        assert answer.status == 200, answer
        lines = answer.body.decode().splitlines()
        check(lines)
    except (AssertionError, OSError, HTTPException, ChainBroken) as error:
        yield f"the log can't be read: {error!r}"
        return
    known = {json.loads(line)["request"] for line in lines}
    for request, call in changes.items():
        if request not in known and not any(f'"request":"{request}"' in one for one in intents):
            yield f"{call} in the request {request}"


def _come_to_rest(stack: Stack) -> tuple[int, list[str]]:
    """Pause what goes on, wait for what is open; up to when all was left alone, and what is not."""
    since_ms = time.time() * 1000
    quiet = _in_time(lambda: not _unquiet(stack, since_ms), QUIET_S)
    left = _unquiet(stack, since_ms)
    quiet_ms = now_ms() - SETTLED_MS
    for status in ("paused", "active"):  # upkeep may be about to resume some
        for event in _all_events(stack, status):
            # Also those that were made by a call that had no answer, or are to be resumed.
            if event["schedule"] is not None:
                answer = stack.api.call("POST", f"/events/{event['id']}/pause", {})
                assert answer.status == 200, answer
    ended = _in_time(lambda: not _open(stack), QUIET_S)
    if not quiet:
        left.append("it does not become quiet")
    return quiet_ms, [] if quiet and ended else left + [f"left open: {one}" for one in _open(stack)]


def _all_events(stack: Stack, status: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    path: str | None = f"/events?status={status}&limit=1000"
    while path:
        answer = stack.api.call("GET", path)
        found += answer.json
        link = answer.headers.get("link", "")
        path = link[1 : link.index(">")].split("/", 3)[3] if 'rel="next"' in link else None
        path = f"/{path}" if path else None
    return found


def _unquiet(stack: Stack, since_ms: float) -> list[str]:
    """What is late, without a successor or not resumed, or of before a moment and retrying."""
    before_ms = time.time() * 1000 - 1_000
    found = []
    with stack.redis() as client:
        for number in range(stack.partitions):
            for key, until_ms in (
                (keys.lanes(number), before_ms),
                (keys.unscheduled(number), before_ms),
                (keys.leases(number), before_ms),
                (keys.paused(number), before_ms),
                (keys.occurrences(number, "retrying"), since_ms),
            ):
                if count := client.zcount(key, "-inf", until_ms):
                    found.append(f"{count} are left in {key!r}")
    return found


def _places(client: StoreClient, number: int) -> list[bytes]:
    """Where open occurrences are."""
    lanes: list[Any] = client.zrange(keys.lanes(number), 0, -1)
    due = [keys.due(number, int(lane)) for lane in lanes]
    return [*due, keys.leases(number), keys.unacknowledged(number)]


def _open(stack: Stack) -> list[str]:
    """Some occurrences that are due or claimed, with all that is known of them."""
    with stack.redis() as client:
        return [
            f"{index!r} {ids.to_text(one)} at {score:.0f}: "
            f"{client.hgetall(keys.occurrence(number, one))}"
            for number in range(stack.partitions)
            for index in _places(client, number)
            for one, score in client.zrange(index, 0, 4, withscores=True)
        ] + [one for number in range(stack.partitions) for one in _between(client, number)]


def _between(client: StoreClient, number: int) -> list[str]:
    """How many have begun and not ended. At one moment: places are read one after the other.

    What goes from one that is read later to one that was read before would be seen in neither.
    """
    with client.pipeline(transaction=True) as pipe:
        for status in ("dispatched", "retrying"):
            pipe.zcard(keys.occurrences(number, status))
        count = sum(map(int, pipe.execute()))
    return [f"{count} of partition {number} have begun and not ended"] if count else []


def _in_time(question: Callable[[], bool], timeout: float) -> bool:
    """Wait until something holds; whether it does. What does not is for the judge to say."""
    with suppress(AssertionError):
        wait_until(question, "", timeout)
        return True
    return False
