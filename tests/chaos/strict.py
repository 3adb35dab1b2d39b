"""``python -m tests.chaos.strict [--flows 200] [--each 50]``: strict flows under stalls, in order.

Each flow belongs to one event, of which many past occurrences are backfilled at once; some of them
fail twice before they are taken. Workers and schedulers stand still for a moment all the time. In
each flow no occurrence may be sent before the one before it has ended.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import redis

from app.domain.occurrence import ENDED
from app.store import keys
from tests.chaos.ledger import now_ms
from tests.chaos.receiver import LOG, receiving
from tests.chaos.records import Arrivals
from tests.support.api_client import at
from tests.support.invariants import broken
from tests.support.processes import Program
from tests.support.stack import Stack
from tests.support.stalls import Stalling
from tests.support.wait import wait_until

RETRY = {"attempts": 10, "delays": ["1s"]}
PARTITIONS = 2
PERIOD_S = 3_600.0
"""So long that no time of a series comes while a test runs."""


@dataclass
class Outcome:
    """What a run came to: ``problems`` is empty if each flow was in order and complete."""

    problems: list[str] = field(default_factory=list)
    requests: int = 0
    occurrences: int = 0
    stalls: int = 0


def strict(
    seed: int, flows: int, each: int, say: Callable[[str], None], patience_s: float
) -> Outcome:
    """Deliver so many occurrences in each of so many strict flows."""
    stack = Stack(workers=3, DELIVERY_TIMEOUT="5s", LEASE="5s", PARTITIONS=str(PARTITIONS))
    with stack, receiving(stack.directory, stack.port) as port:

        def stallable() -> Sequence[Program]:
            assert stack.scheduler is not None
            return [*stack.workers, stack.scheduler]

        stalling = Stalling(seed, stallable)
        with stalling:
            events = _backfilled(stack, port, flows, each)
            say(f"{flows} flows of {each} occurrences are backfilled")
            with stack.redis() as client:
                wait_until(lambda: _ended(client) >= flows * each, "all have ended", patience_s)
        outcome = Outcome(stalls=stalling.count)
        with stack.redis() as client:
            outcome.problems += broken(client, PARTITIONS)
        records = {event: _of_event(stack, event) for event in events}
        _judge(outcome, records, each, stack.directory / LOG)
    say(f"{outcome.occurrences} occurrences, {outcome.requests} requests, {outcome.stalls} stalls")
    for problem in outcome.problems[:40]:
        say(problem)
    return outcome


def _backfilled(stack: Stack, port: int, flows: int, each: int) -> list[str]:
    """Events whose own next time is far away, with the past that they would have had."""
    begin_s = time.time() - PERIOD_S * (each - 0.5)
    made = []
    for number in range(flows):
        event = stack.api.create(
            f"http://127.0.0.1:{port}/second",
            start_time=at(begin_s),
            schedule={"every": "1h"},
            flow={"key": f"flow-{number}"},
            order="strict",
            retry=RETRY,
        )
        made.append(event["id"])
    for event_id in made:
        body = {"from": at(begin_s), "to": at(now_ms() / 1000 - 0.01)}
        answer = stack.api.call("POST", f"/events/{event_id}/backfill", body)
        assert answer.status == 200, answer
        assert answer.json["added"] == each, answer
    return made


def _ended(client: redis.Redis) -> int:
    """How many occurrences have ended: asked so, since those that have not change all the time."""
    return sum(
        client.zcard(keys.occurrences(partition, status))
        for partition in range(PARTITIONS)
        for status in ENDED
    )


def _of_event(stack: Stack, event_id: str) -> list[Mapping[str, Any]]:
    """Its occurrences, oldest first."""
    found: list[Mapping[str, Any]] = stack.api.get(f"/events/{event_id}/occurrences?limit=1000")
    past = [one for one in found if one["scheduled_at"] < at(time.time())]
    return sorted(past, key=lambda one: one["scheduled_at"])


def _judge(
    outcome: Outcome, records: Mapping[str, Sequence[Mapping[str, Any]]], each: int, log: Path
) -> None:
    arrivals = Arrivals.of(log)
    outcome.requests = sum(map(len, arrivals.requested.values()))
    for event_id, found in records.items():
        outcome.occurrences += len(found)
        if len(found) != each or any(one["status"] != "completed" for one in found):
            outcome.problems.append(f"flow of {event_id}: not all of {each} are completed")
        outcome.problems += _out_of_order(found, arrivals)


def _out_of_order(found: Sequence[Mapping[str, Any]], arrivals: Arrivals) -> Iterable[str]:
    for one, after in pairwise(found):
        accepted = arrivals.accepted.get(one["id"])
        requested = arrivals.requested.get(after["id"])
        if not accepted or not requested:
            yield f"{one['id']} or {after['id']} never arrived"
        elif min(requested) < max(accepted):
            yield (
                f"{after['id']} ({after['scheduled_at']}) was sent {max(accepted) - min(requested)}"
                f" ms before {one['id']} ({one['scheduled_at']}) had ended"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=200)
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None, help="of a run to be repeated")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    result = strict(
        seed, given.flows, given.each, lambda line: print(line, flush=True), patience_s=3_600
    )
    print("in order" if not result.problems else f"BROKEN: {len(result.problems)}, seed {seed}")
    sys.exit(1 if result.problems else 0)
