"""One run of outages of the store: load, one fault after the other, then the account.

Clients make events that are due soon, and ask for ``replicated``; whatever is not answered with a
success is sent again under its idempotency key. Meanwhile a hand does what a plan says. Afterwards
each event that was acknowledged is there, was delivered and has completed; each answer is of what
was asked; no process has ended; and each repeat of a delivery has a fault shortly before it.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from app.errors import ExitStatus
from tests.chaos.callers import ALIKE, REPLICATED, Caller, wait_for_work
from tests.chaos.failover_judge import Fault, Outcome, judge
from tests.support.receiver import Receiver
from tests.support.stack import Stack

LEASE_S = 2.0

Say = Callable[[str], None]


class Hand(Protocol):
    """Does faults and undoes them."""

    faults: list[Fault]
    killed: set[str]
    """The names of processes that are not of the store, and that it has killed."""

    def one_fault(self, how: str) -> None:
        """Do it, measure, and undo it."""

    def make_whole(self) -> None:
        """Wait until the store is as it was before."""


def run(
    seed: int,
    say: Say,
    plan: Iterator[str],
    stack: Stack,
    make_hand: Callable[[Receiver], Hand],
    *,
    callers: int = 4,
    asking: Mapping[str, str] = REPLICATED,
    kinds: Sequence[str] = ALIKE,
) -> Outcome:
    """Do the faults of a plan under load, then judge."""
    outcome = Outcome()
    with stack, Receiver() as receiver:
        pids = {program.name: program.pid for program in stack.programs}
        calls = [Caller(stack, receiver, number, seed, asking, kinds) for number in range(callers)]
        hand = make_hand(receiver)
        for one in calls:
            one.start()
        try:
            for how in plan:
                hand.make_whole()
                wait_for_work(calls)
                hand.one_fault(how)
        except AssertionError:
            say(stack.log()[-20_000:])
            raise
        finally:
            for one in calls:
                one.stop.set()
            for one in calls:
                one.join(40)
        outcome.faults = hand.faults
        for one in calls:
            outcome.answered += one.answered
            outcome.problems += one.wrong
        acknowledged = {key: made for one in calls for key, made in one.acknowledged.items()}
        outcome.acknowledged = len(acknowledged)
        judge(stack, receiver, acknowledged, outcome)
        still = {program.name: program.pid for program in stack.programs if program.running}
        ended = {name for name, pid in pids.items() if still.get(name) != pid} - hand.killed
        outcome.problems += [f"{name} has ended" for name in sorted(ended)]
        if outcome.problems:
            say(stack.log()[-20_000:])
    say(
        f"{outcome.acknowledged} events acknowledged, answers {dict(outcome.answered)}, "
        f"{outcome.repeats} repeats, {len(outcome.problems)} problems"
    )
    return outcome


def in_turn(kinds: Sequence[str], seed: int, seconds: float) -> Iterator[str]:
    """Every kind in turn, in an order of the seed, until the time is up."""
    chance, until_s = random.Random(seed), time.monotonic() + seconds
    while True:
        for how in chance.sample(kinds, len(kinds)):
            if time.monotonic() > until_s:
                return
            yield how


def main(
    doc: str | None, failing: Callable[..., Outcome], kinds: Sequence[str], planted: str
) -> None:
    """Read the arguments, run ``failing``, and exit with what came of it.

    ``planted``: a fault that loses something if nothing is asked for.
    """
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=None, help="of a run to be repeated")
    parser.add_argument("--only", choices=kinds, help="this fault again and again")
    parser.add_argument(
        "--plant", action="store_true", help="ask for nothing: what gets lost has to be seen"
    )
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    print(f"seed {seed}")
    plan = in_turn([given.only] if given.only else kinds, seed, given.seconds)
    ended = failing(
        seed,
        lambda text: print(text, flush=True),
        iter([planted]) if given.plant else plan,
        asking={} if given.plant else REPLICATED,
    )
    for problem in ended.problems:
        print(problem)
    print("NOTHING IS WRONG" if not ended.problems else f"BROKEN, seed {seed}")
    sys.exit(ExitStatus.FAILED if ended.problems else ExitStatus.OK)
