"""``python -m tests.chaos.failovers [--seconds 120] [--seed N]``: failovers by Sentinels.

Primaries, replicas and Sentinels are killed and stopped under load; see ``outages``.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator, Mapping
from functools import partial
from http.client import HTTPException

from tests.chaos.callers import REPLICATED
from tests.chaos.failover_judge import Fault, Outcome
from tests.chaos.outages import LEASE_S, Say, main, run
from tests.chaos.watched_stack import WatchedStack
from tests.support.api_client import at
from tests.support.receiver import Receiver
from tests.support.wait import wait_until

CUT_OFF_S = 0.4


class Hand:
    """Does the faults, one after the other, and waits until the store is whole again."""

    def __init__(self, stack: WatchedStack, receiver: Receiver, *, seed: int, say: Say) -> None:
        self._stack, self._receiver, self._say = stack, receiver, say
        self._chance = random.Random(seed)
        self.faults: list[Fault] = []
        self.killed: set[str] = set()

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
    say: Say,
    plan: Iterator[str],
    *,
    workers: int = 2,
    replicas: int = 2,
    down_after_ms: int = 1_000,
    asking: Mapping[str, str] = REPLICATED,
) -> Outcome:
    """Do the faults of a plan under load, then judge."""
    stack = WatchedStack(
        replicas=replicas,
        workers=workers,
        down_after_ms=down_after_ms,
        LEASE=f"{LEASE_S:g}s",
        DURABILITY_REPLICAS=str(replicas),
    )
    return run(seed, say, plan, stack, partial(Hand, stack, seed=seed, say=say), asking=asking)


if __name__ == "__main__":
    main(__doc__, failovers, KINDS, CUT_OFF)
