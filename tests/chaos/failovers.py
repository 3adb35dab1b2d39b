"""``python -m tests.chaos.failovers [--seconds 120] [--seed N]``: failovers under load.

Clients make events that are due at once, and ask for ``replicated``; whatever is not answered with
a success is sent again under its idempotency key. Meanwhile primaries, replicas and Sentinels are
killed and stopped. Afterwards each event that was acknowledged is there, was delivered and has
completed; each answer is of what was asked; no process has ended; and each repeat of a delivery has
a failover shortly before it.
"""

from __future__ import annotations

import argparse
import random
import secrets
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.client import HTTPException

from app.errors import ExitStatus
from tests.chaos.failover_judge import Fault, Outcome, judge
from tests.chaos.watched_stack import WatchedStack
from tests.support.api_client import Answer, at
from tests.support.receiver import Receiver
from tests.support.wait import wait_until

REPLICATED = {"Qhronos-Durability": "replicated"}
LEASE_S = 2.0
EACH = 20
CUT_OFF_S = 0.4


class Caller(threading.Thread):
    """Makes one event after the other, until each is acknowledged."""

    def __init__(
        self,
        stack: WatchedStack,
        receiver: Receiver,
        number: int,
        seed: int,
        asking: Mapping[str, str],
    ) -> None:
        super().__init__(name=f"caller-{number}", daemon=True)
        self._stack, self._receiver, self._asking = stack, receiver, asking
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
        more = {**self._asking, "Idempotency-Key": name}
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
            if how == CUT_OFF:
                self._cut_off()
            program, begun_s = self._stack.fail_over(number)
            for one in watched.servers:
                one.signal_all(signal.SIGCONT if one is not program else number)
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

    def _cut_off(self) -> None:
        """Have the primary take changes for a moment that no replica gets."""
        watched = self._stack.watched
        primary = watched.primary
        for one in watched.servers:
            if one is not primary:
                one.signal_all(signal.SIGSTOP)
        with self._stack.redis() as client:
            client.client_kill_filter(_type="replica")
        time.sleep(CUT_OFF_S)

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


CUT_OFF = "cut off and kill primary"
KINDS = ("kill primary", "stop primary", CUT_OFF, "kill replica", "stop replica", "kill sentinel")


def failovers(
    seed: int,
    say: Callable[[str], None],
    plan: Iterator[str],
    *,
    callers: int = 4,
    workers: int = 2,
    replicas: int = 2,
    down_after_ms: int = 1_000,
    asking: Mapping[str, str] = REPLICATED,
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
        calls = [Caller(stack, receiver, number, seed, asking) for number in range(callers)]
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
        judge(stack, receiver, acknowledged, outcome)
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
    parser.add_argument(
        "--plant", action="store_true", help="ask for nothing: what gets lost has to be seen"
    )
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    print(f"seed {seed}")
    ended = failovers(
        seed,
        lambda text: print(text, flush=True),
        iter([CUT_OFF]) if given.plant else _plan(seed, given.seconds),
        asking={} if given.plant else REPLICATED,
    )
    for problem in ended.problems:
        print(problem)
    print("NOTHING IS WRONG" if not ended.problems else f"BROKEN, seed {seed}")
    sys.exit(ExitStatus.FAILED if ended.problems else ExitStatus.OK)
