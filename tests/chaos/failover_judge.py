"""What a run of failovers came to: is what was acknowledged there, and is each repeat explained?"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from app.domain.audit import ChainBroken, check
from tests.chaos.callers import Made
from tests.support.api_client import seconds_of
from tests.support.invariants import contradictions
from tests.support.receiver import Received, Receiver
from tests.support.stack import Stack
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
    over_s: float = 0.0
    """When it was undone (seconds since 1970); 0: at once."""

    def explains(self, moment_s: float) -> bool:
        """Whether a delivery may be made again at a moment because of it."""
        return self.at_s - 1 < moment_s < max(self.at_s, self.over_s) + EXPLAINS_S


@dataclass
class Outcome:
    """What a run came to: ``problems`` is empty if nothing is wrong."""

    problems: list[str] = field(default_factory=list)
    acknowledged: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    repeats: int = 0
    faults: list[Fault] = field(default_factory=list)


def judge(
    stack: Stack, receiver: Receiver, acknowledged: Mapping[str, Made], outcome: Outcome
) -> None:
    """Wait for what was acknowledged, and note what is not as it should be."""
    left, until_s = dict(acknowledged), time.monotonic() + QUIET_S
    while left and time.monotonic() < until_s:
        heard = {request.path[1:] for request in receiver.requests}
        ended = [
            one
            for one, made in left.items()
            if (made.name in heard or not made.times_ms) and not _missing(stack, one, made)
        ]
        left = {one: made for one, made in left.items() if one not in ended}
    outcome.problems += [
        f"{made.name} ({one}) was acknowledged, and did not complete: "
        f"{_missing(stack, one, made) or 'it was not heard'}"
        for one, made in left.items()
    ]
    refused = {one.name for one in acknowledged.values() if one.kind == "retry"}
    outcome.problems += _unexplained(receiver, refused, outcome)
    outcome.problems += [
        f"{one.what}: no change for {one.recovered_s:.1f} s"
        for one in outcome.faults
        if one.recovered_s > RECOVERED_S * crowding()
    ]
    _judge_store(stack, outcome)


def _unexplained(receiver: Receiver, names: Container[str], outcome: Outcome) -> Iterable[str]:
    """Deliveries that were made again without a fault shortly before.

    ``names``: of those that their receiver refuses at first.
    """
    by_id: dict[str, list[Received]] = {}
    for request in receiver.requests:
        by_id.setdefault(request.webhook_id, []).append(request)
    for webhook_id, requests in by_id.items():
        wanted = 2 if requests[0].path[1:] in names else 1
        for again in requests[wanted:]:
            outcome.repeats += 1
            if not any(one.explains(again.at_ns / 1e9) for one in outcome.faults):
                yield f"{webhook_id} was repeated without a fault"


def _judge_store(stack: Stack, outcome: Outcome) -> None:
    answer = stack.api.call("GET", "/audit/export")
    try:
        check(answer.body.decode().splitlines())
    except ChainBroken as error:
        outcome.problems.append(f"the audit log is broken: {error}")

    def found() -> list[str]:
        return contradictions(stack.snapshot(), stack.partitions)

    try:
        wait_until(lambda: not found(), "the store is sound")
    except AssertionError as error:
        outcome.problems.append(f"{error}: {found()}")


def _missing(stack: Stack, event_id: str, made: Made) -> str:
    """What an event lacks: a time that was to come, or the completion of one that is there."""
    answer = stack.api.call("GET", f"/events/{event_id}/occurrences")
    found = json.loads(answer.body) if answer.status == 200 else []
    by_ms = {round(seconds_of(one["scheduled_at"]) * 1_000): one["status"] for one in found}
    is_done = made.times_ms <= by_ms.keys() and set(by_ms.values()) <= {"completed"}
    return "" if is_done else f"it has {by_ms}, of {sorted(made.times_ms)}"
