"""What a run of failovers came to: is what was acknowledged there, and is each repeat explained?"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field

from app.domain.audit import ChainBroken, check
from tests.chaos.watched_stack import WatchedStack
from tests.support.invariants import broken
from tests.support.receiver import Receiver
from tests.support.wait import crowding, wait_until

RECOVERED_S = 5.0
"""From the moment in which the primary fails to the first change that is taken."""

EXPLAINS_S = 15.0
"""How long after a fault a delivery may be made again: a failover, and then a lease."""

QUIET_S = 60.0


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


def judge(
    stack: WatchedStack, receiver: Receiver, acknowledged: dict[str, str], outcome: Outcome
) -> None:
    left, until_s = dict(acknowledged), time.monotonic() + QUIET_S
    while left and time.monotonic() < until_s:
        heard = {request.path[1:] for request in receiver.requests}
        ended = [one for one, name in left.items() if name in heard and _is_complete(stack, one)]
        left = {one: name for one, name in left.items() if one not in ended}
    outcome.problems += [f"{name} was acknowledged, and did not complete" for name in left.values()]
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
