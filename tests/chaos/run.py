"""One run of chaos: load and faults together, then quiet, then the account."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from app.domain import ids
from app.runtime.embedded import free_port
from app.store import keys
from tests.chaos.faults import WORKERS, Hand, planned
from tests.chaos.judge import Verdict, judged
from tests.chaos.ledger import Client
from tests.support.invariants import broken, snapshot
from tests.support.processes import ROOT, Program, clean_environ
from tests.support.stack import Stack
from tests.support.wait import wait_until

LEASE_S = 2.0
PARTITIONS = 2
CLIENTS = 5
QUIET_S = 100.0
"""How long what was broken may take to be done with all that waits."""

SETTLED_MS = 2_000
"""Series are judged up to so long before they were paused."""


def chaos(seed: int, seconds: float, say: Callable[[str], None]) -> Verdict:
    """Run for so many seconds of faults; says what happens as it does."""
    faults = planned(seed, seconds, LEASE_S)
    say(f"seed {seed}, {seconds:g} s, {len(faults)} faults")
    stack = Stack(
        workers=WORKERS,
        LEASE=f"{LEASE_S:g}s",
        DELIVERY_TIMEOUT="1s",
        STOP_GRACE="3s",
        PARTITIONS=str(PARTITIONS),
        WEB_WORKERS="2",
    )
    with stack, _receiver(stack) as target:
        hand = Hand(stack, say)
        stop = threading.Event()
        clients = [
            Client(stack.api, target, f"{seed}-{number}", stop, 0.15) for number in range(CLIENTS)
        ]
        try:
            hand.prepare()
            for client in clients:
                client.start()
            hand.run(faults, seconds)
        finally:
            stop.set()
            for client in clients:
                client.join()
        try:
            return _account(stack, hand, clients, say)
        finally:
            hand.kill_all()


def _account(
    stack: Stack, hand: Hand, clients: list[Client], say: Callable[[str], None]
) -> Verdict:
    begun = time.monotonic()
    stack.up()
    errors = [client.error for client in clients if client.error]
    if errors:
        raise errors[0]
    entries = [entry for client in clients for entry in client.entries]
    since_ms = time.time() * 1000
    quiet = _in_time(lambda: _is_quiet(stack, since_ms), QUIET_S)
    quiet_ms = int(time.time() * 1000) - SETTLED_MS
    for event in stack.api.get("/events?status=active&limit=1000"):
        # Also those that were made by a call that had no answer.
        if event["schedule"] is not None:
            answer = stack.api.call("POST", f"/events/{event['id']}/pause", {})
            assert answer.status == 200, answer
    ended = _in_time(lambda: not _open(stack), QUIET_S)
    answers = sum((client.answers for client in clients), Counter[str]())
    with stack.redis() as client:
        found = snapshot(client)
        problems = broken(client, PARTITIONS, found)
    stack_log = stack.directory / "accepted"
    verdict = judged(entries, found, PARTITIONS, stack_log, quiet_ms)
    verdict.problems += problems
    if not (quiet and ended):
        verdict.problems += [f"left open: {one}" for one in _open(stack)]
    say(f"faults               {dict(sorted(hand.done.items()))}")
    say(f"answers of the API   {dict(sorted(answers.items()))}")
    say(f"quiet after          {time.monotonic() - begun:.1f} s")
    for line in verdict.lines + verdict.problems[:50]:
        say(line)
    return verdict


@contextmanager
def _receiver(stack: Stack) -> Iterator[str]:
    port = free_port()
    receiver = Program(
        "receiver",
        [
            sys.executable,
            "-m",
            "tests.chaos.receiver",
            str(port),
            str(stack.directory / "accepted"),
        ],
        clean_environ() | {"PYTHONPATH": str(ROOT)},
        cwd=stack.directory,
    )
    receiver.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        receiver.kill()


def _is_quiet(stack: Stack, since_ms: float) -> bool:
    """Whether nothing is late, without a successor, or from before a moment and tried again."""
    before_ms = time.time() * 1000 - 1_000
    with stack.redis() as client:
        for number in range(PARTITIONS):
            if client.zcount(keys.due(number), "-inf", before_ms):
                return False
            if client.zcount(keys.unscheduled(number), "-inf", before_ms):
                return False
            if client.zcount(keys.claimed(number), "-inf", before_ms):
                return False
            if client.zcount(keys.occurrences(number, "retrying"), "-inf", since_ms):
                return False
    return True


def _open(stack: Stack) -> list[str]:
    """Some occurrences that are due or claimed, with all that is known of them."""
    with stack.redis() as client:
        return [
            f"{index(number)!r} {ids.to_text(one)} at {score:.0f}: "
            f"{client.hgetall(keys.occurrence(number, one))}"
            for number in range(PARTITIONS)
            for index in (keys.due, keys.claimed)
            for one, score in client.zrange(index(number), 0, 4, withscores=True)
        ]


def _in_time(question: Callable[[], bool], timeout: float) -> bool:
    """Wait until something holds; whether it does. What does not is for the judge to say."""
    with suppress(AssertionError):
        wait_until(question, "", timeout)
        return True
    return False
