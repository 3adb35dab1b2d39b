"""``python -m tests.chaos.failovers [--seconds 120] [--seed N]``: failovers under load.

Clients make events that are due at once, and ask for ``replicated``; whatever is not answered with
a success is sent again under its idempotency key. Meanwhile primaries, replicas and Sentinels are
killed and stopped. Afterwards each event that was acknowledged is there, was delivered and has
completed; each answer is of what was asked; no process has ended; and each repeat of a delivery has
a failover shortly before it.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException

from app.domain.audit import ChainBroken, check
from app.errors import ExitStatus
from tests.chaos.watched_stack import WatchedStack
from tests.support.api_client import Answer, at
from tests.support.invariants import broken
from tests.support.receiver import Receiver
from tests.support.wait import crowding, wait_until

REPLICATED = {"Qhronos-Durability": "replicated"}
LEASE_S = 2.0
RECOVERED_S = 5.0
"""From the moment in which the primary fails to the first change that is taken."""

EXPLAINS_S = 15.0
"""How long after a fault a delivery may be made again: a failover, and then a lease."""

QUIET_S = 60.0
EACH = 20


@dataclass
class Fault:
    """What was done to the store, and when (seconds since 1970)."""

    what: str
    at_s: float
    recovered_s: float = 0.0
    """How long no change was taken; 0: it is not of that kind."""
    delivered_s: float = 0.0
    """How long nothing was delivered."""


@dataclass
class Outcome:
    """What a run came to: ``problems`` is empty if nothing is wrong."""

    problems: list[str] = field(default_factory=list)
    acknowledged: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    repeats: int = 0
    faults: list[Fault] = field(default_factory=list)


class Caller(threading.Thread):
    """Makes one event after the other, until each is acknowledged."""

    def __init__(self, stack: WatchedStack, receiver: Receiver, number: int, seed: int) -> None:
        super().__init__(name=f"caller-{number}", daemon=True)
        self._stack, self._receiver = stack, receiver
        self._chance = random.Random(seed * 100 + number)
        self._label = f"c{number}"
        self.stop = threading.Event()
        self.acknowledged: dict[str, str] = {}
        """Id → name."""
        self.answered: Counter[int] = Counter()
        self.wrong: list[str] = []

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            self._make(f"{self._label}-{number}")
            self.stop.wait(self._chance.uniform(0, 0.05))

    def _make(self, name: str) -> None:
        body = {
            "name": name,
            "start_time": at(time.time() + self._chance.choice([0.05, 0.5, 2.0])),
            "webhook": self._receiver.url(f"/{name}"),
        }
        more = {**REPLICATED, "Idempotency-Key": name}
        # A client that gives up knows nothing; so this one asks for as long as the run lasts.
        while not self.stop.is_set():
            answer = self._call("POST", "/events", body, more)
            if answer is None or answer.status >= 500 or answer.status == 409:
                self.stop.wait(0.1)
                continue
            if answer.status != 201 or answer.json["name"] != name:
                self.wrong.append(f"{name} was answered {answer}")
                return
            self.acknowledged[answer.json["id"]] = name
            self._read(answer.json["id"], name)
            return

    def _read(self, event_id: str, name: str) -> None:
        answer = self._call("GET", f"/events/{event_id}")
        if answer is not None and answer.status < 500:
            found = answer.json if answer.status == 200 else {}
            if (found.get("id"), found.get("name")) != (event_id, name):
                self.wrong.append(f"{name} was read as {answer}")

    def _call(self, *what: object) -> Answer | None:
        try:
            answer = self._stack.api.call(*what)  # type: ignore[arg-type]
        except (OSError, HTTPException):
            self.answered[0] += 1
            return None
        self.answered[answer.status] += 1
        return answer


class Hand:
    """Does the faults, one after the other, and waits until the store is whole again."""

    def __init__(
        self, stack: WatchedStack, receiver: Receiver, seed: int, say: Callable[[str], None]
    ) -> None:
        self._stack, self._receiver, self._say = stack, receiver, say
        self._chance = random.Random(seed)
        self.faults: list[Fault] = []

    def one_fault(self, how: str) -> None:
        """Do it, measure, and undo it."""
        number = signal.SIGSTOP if "stop" in how else signal.SIGKILL
        watched = self._stack.watched
        if "primary" in how:
            program, begun_s = self._stack.fail_over(number)
            fault = Fault(how, time.time())
            self.faults.append(fault)
            wait_until(self._is_writable, "a change is taken again", 60)
            fault.recovered_s = time.monotonic() - begun_s
            seen = len(self._receiver.requests)
            wait_until(lambda: len(self._receiver.requests) > seen, "a delivery is made", 60)
            fault.delivered_s = time.monotonic() - begun_s
        else:
            others = [one for one in watched.servers if one is not watched.primary]
            program = self._chance.choice(others if "replica" in how else watched.sentinels)
            fault = Fault(how, time.time())
            self.faults.append(fault)
            program.signal_all(number)
            time.sleep(self._chance.uniform(0.5, 2))
        self._say(f"{how}: {fault.recovered_s:.2f} s, delivered after {fault.delivered_s:.2f} s")
        if number is signal.SIGSTOP:
            program.signal_all(signal.SIGCONT)
        else:
            program.wait()
            program.start()

    def make_whole(self) -> None:
        """Wait until every replica follows the primary."""
        watched = self._stack.watched
        count = len(watched.servers) - 1
        wait_until(lambda: self._following() == count, "every replica follows", 90)

    def _following(self) -> int:
        try:
            return self._stack.watched.following()
        except (OSError, Exception):  # noqa: BLE001 - it is on its way
            return 0

    def _is_writable(self) -> bool:
        """A change that asks for nothing more than that the store has it."""
        body = {"name": "probe", "start_time": at(time.time()), "webhook": self._receiver.url("/p")}
        try:
            return self._stack.api.call("POST", "/events", body).status == 201
        except (OSError, HTTPException):
            return False


KINDS = ("kill primary", "stop primary", "kill replica", "stop replica", "kill sentinel")


def failovers(
    seed: int,
    say: Callable[[str], None],
    plan: Iterator[str],
    *,
    callers: int = 4,
    workers: int = 2,
    replicas: int = 2,
    down_after_ms: int = 1_000,
) -> Outcome:
    """Do the faults of a plan under load, then judge."""
    outcome = Outcome()
    stack = WatchedStack(
        replicas=replicas,
        workers=workers,
        down_after_ms=down_after_ms,
        LEASE=f"{LEASE_S:g}s",
        DURABILITY_REPLICAS=str(replicas),
    )
    with stack, Receiver() as receiver:
        pids = {program.name: program.pid for program in stack.programs}
        calls = [Caller(stack, receiver, number, seed) for number in range(callers)]
        hand = Hand(stack, receiver, seed, say)
        for one in calls:
            one.start()
        try:
            for how in plan:
                hand.make_whole()
                _wait_for_work(calls)
                hand.one_fault(how)
        finally:
            for one in calls:
                one.stop.set()
            for one in calls:
                one.join(40)
        outcome.faults = hand.faults
        for one in calls:
            outcome.answered += one.answered
            outcome.problems += one.wrong
        acknowledged = {key: name for one in calls for key, name in one.acknowledged.items()}
        outcome.acknowledged = len(acknowledged)
        _judge(stack, receiver, acknowledged, outcome)
        still = {program.name: program.pid for program in stack.programs if program.running}
        if still != pids:
            outcome.problems.append(f"processes have ended: {pids} are {still}")
        if outcome.problems:
            say(stack.log()[-20_000:])
    say(
        f"{outcome.acknowledged} events acknowledged, answers {dict(outcome.answered)}, "
        f"{outcome.repeats} repeats, {len(outcome.problems)} problems"
    )
    return outcome


def _wait_for_work(calls: Sequence[Caller]) -> None:
    """Wait until each caller has had ``EACH`` more events acknowledged."""
    before = [len(one.acknowledged) for one in calls]

    def all_have() -> bool:
        pairs = zip(calls, before, strict=True)
        return all(len(one.acknowledged) >= count + EACH for one, count in pairs)

    wait_until(all_have, "events are acknowledged", 60)


def _judge(
    stack: WatchedStack, receiver: Receiver, acknowledged: dict[str, str], outcome: Outcome
) -> None:
    def unfinished() -> list[str]:
        heard = {request.path[1:] for request in receiver.requests}
        return [name for name in acknowledged.values() if name not in heard]

    deadline_s = time.monotonic() + QUIET_S
    while unfinished() and time.monotonic() < deadline_s:
        time.sleep(0.1)
    outcome.problems += [f"{name} was acknowledged and not delivered" for name in unfinished()]
    for event_id, name in acknowledged.items():
        try:
            wait_until(partial(_is_complete, stack, event_id), f"{name} completes", 20)
        except AssertionError as error:
            outcome.problems.append(str(error))
    by_id: dict[str, list[float]] = {}
    for request in receiver.requests:
        by_id.setdefault(request.webhook_id, []).append(request.at_ns / 1e9)
    for webhook_id, times in by_id.items():
        for again_s in times[1:]:
            outcome.repeats += 1
            if not any(one.at_s - 1 < again_s < one.at_s + EXPLAINS_S for one in outcome.faults):
                outcome.problems.append(f"{webhook_id} was repeated without a failover")
    outcome.problems += [
        f"{one.what}: no change for {one.recovered_s:.1f} s"
        for one in outcome.faults
        if one.recovered_s > RECOVERED_S * crowding()
    ]
    _judge_store(stack, outcome)


def _judge_store(stack: WatchedStack, outcome: Outcome) -> None:
    answer = stack.api.call("GET", "/audit/export")
    try:
        check(answer.body.decode().splitlines())
    except ChainBroken as error:
        outcome.problems.append(f"the audit log is broken: {error}")
    with stack.redis() as client:
        try:
            wait_until(lambda: not broken(client), "the store is sound")
        except AssertionError as error:
            outcome.problems.append(f"{error}: {broken(client)}")


def _is_complete(stack: WatchedStack, event_id: str) -> bool:
    answer = stack.api.call("GET", f"/events/{event_id}/occurrences")
    found = json.loads(answer.body) if answer.status == 200 else []
    return [one["status"] for one in found] == ["completed"]


def _plan(seed: int, seconds: float) -> Iterator[str]:
    """Every kind in turn, in an order of the seed, until the time is up."""
    chance, until_s = random.Random(seed), time.monotonic() + seconds
    while True:
        for how in chance.sample(KINDS, len(KINDS)):
            if time.monotonic() > until_s:
                return
            yield how


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=None, help="of a run to be repeated")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    print(f"seed {seed}")
    ended = failovers(seed, lambda text: print(text, flush=True), _plan(seed, given.seconds))
    for problem in ended.problems:
        print(problem)
    print("NOTHING IS WRONG" if not ended.problems else f"BROKEN, seed {seed}")
    sys.exit(ExitStatus.FAILED if ended.problems else ExitStatus.OK)
