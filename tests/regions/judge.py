"""What has to be so once a region has taken over."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Container

import redis

from app.store import keys
from tests.drill.drill import Ledger
from tests.support.receiver import Receiver

IN_FLIGHT_NS = 1_000_000_000
"""How long before the replica was held up a delivery may have been made whose record it lacks: the
request itself, what gathers in the recorder, and a busy machine."""


def missing(client: redis.Redis, ledger: Ledger) -> set[str]:
    """The events of a ledger that a store does not have."""
    with client, client.pipeline(transaction=False) as pipe:
        ids = list(ledger.all)
        for one in ids:
            pipe.exists(keys.event_of(uuid.UUID(one).bytes))
        return {one for one, there in zip(ids, pipe.execute(), strict=True) if not there}


def events_of(receiver: Receiver, path: str) -> set[str]:
    """The events of which something has arrived."""
    return {one.json["event_id"] for one in receiver.requests_to(path)}


def unexplained(receiver: Receiver, cut_ns: int, killed_ns: int) -> tuple[int, list[str]]:
    """How many deliveries were repeated, and which of them for no reason.

    A delivery is made again only if the replica did not know of it: it was made shortly before the
    replica was held up, or later, and by the region that was lost.
    """
    made: dict[str, list[int]] = defaultdict(list)
    for one in receiver.requests:
        made[one.webhook_id].append(one.at_ns)
    repeated = {name: sorted(times) for name, times in made.items() if len(times) > 1}
    wrong = [
        name
        for name, times in repeated.items()
        if len(times) > 2 or not cut_ns - IN_FLIGHT_NS < times[0] < killed_ns
    ]
    return len(repeated), wrong


def by_both(receiver: Receiver, killed_ns: int, back_ns: int, lost: Container[str]) -> set[str]:
    """What only two regions can have delivered.

    It has come twice since one was killed, or it is of an event that only that one has, and has
    come since it was back.
    """
    since = [one for one in receiver.requests if one.at_ns > killed_ns]
    times = Counter(one.webhook_id for one in since)
    twice = {name for name, count in times.items() if count > 1}
    return twice | {
        one.webhook_id for one in since if one.at_ns > back_ns and one.json["event_id"] in lost
    }


def fenced(client: redis.Redis) -> bool:
    """Whether a server takes no writes, as no replica follows it."""
    with client:
        info = client.info("replication")
    return info["role"] == "master" and not info["min_slaves_good_slaves"]
