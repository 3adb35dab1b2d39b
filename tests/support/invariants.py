"""What must hold of a store at rest, whatever has happened to it."""

from __future__ import annotations

import redis

from app.domain import ids
from app.domain.occurrence import OccurrenceStatus

_OPEN_IN_DUE = {"scheduled", "retrying"}


def snapshot(client: redis.Redis) -> dict[bytes, object]:
    """Every key of the service and its value: two equal snapshots are two equal stores."""
    found: dict[bytes, object] = {}
    for key in client.scan_iter(match=b"qh:*", count=1000):
        kind = client.type(key)
        if kind == b"hash":
            found[key] = client.hgetall(key)
        elif kind == b"zset":
            found[key] = client.zrange(key, 0, -1, withscores=True)
        elif kind == b"set":
            found[key] = client.smembers(key)
        elif kind == b"stream":
            found[key] = client.xrange(key)
        else:
            found[key] = client.get(key)
    return found


def broken(client: redis.Redis, partitions: int = 1) -> list[str]:
    """Sentences about what does not hold; empty for a sound store."""
    problems: list[str] = []
    for partition in range(partitions):
        problems += _partition(client, b"qh:{%d}:" % partition)
    return problems


def _partition(client: redis.Redis, prefix: bytes) -> list[str]:
    problems: list[str] = []
    members = {
        name: set(client.zrange(prefix + name, 0, -1))
        for name in (
            *(b"due", b"claimed", b"unacknowledged", b"ended"),
            *(b"events", b"inactive", b"unscheduled"),
        )
    }
    by_status = {
        status.value: set(client.zrange(prefix + b"occurrences:" + status.value.encode(), 0, -1))
        for status in OccurrenceStatus
    }
    occurrences = {
        key[len(prefix) + 11 :]: client.hgetall(key)
        for key in client.scan_iter(match=_literal(prefix + b"occurrence:") + b"*", count=1000)
    }
    event_keys = [
        key
        for key in client.scan_iter(match=_literal(prefix + b"event:") + b"*", count=1000)
        if not key.endswith(b":occurrences")
    ]
    events = {key[len(prefix) + 6 :]: client.hgetall(key) for key in event_keys}

    for occurrence, fields in occurrences.items():
        status = fields.get(b"st", b"scheduled").decode()
        text = ids.to_text(occurrence)
        where = [name for name, found in by_status.items() if occurrence in found]
        if where != [status]:
            problems.append(f"occurrence {text} is {status} and listed as {where}")
        flow = fields.get(b"w")
        waits = flow is not None and status in _OPEN_IN_DUE
        if flow is not None and not _waits(client, prefix, flow, fields[b"e"] + occurrence):
            problems.append(f"occurrence {text} waits for its flow, which knows nothing of it")
        if (occurrence in members[b"due"]) != (status in _OPEN_IN_DUE and not waits):
            problems.append(f"occurrence {text} is {status}; due: {occurrence in members[b'due']}")
        problems += _dispatched(occurrence, fields, status, members)
        ended = status not in _OPEN_IN_DUE and status != "dispatched"
        if (occurrence in members[b"ended"]) != ended:
            problems.append(f"occurrence {text} is {status}; ended: {not ended}")
    for name, found in [*members.items(), *by_status.items()]:
        if name in (b"events", b"inactive", b"unscheduled"):
            continue
        problems += [
            f"{name!r} lists {ids.to_text(orphan)}, which does not exist"
            for orphan in found - set(occurrences)
        ]
    if members[b"events"] != set(events):
        problems.append("the list of events is not the events")
    problems += _events(events, occurrences, members)
    return problems


def _waits(client: redis.Redis, prefix: bytes, flow: bytes, member: bytes) -> bool:
    """Whether an occurrence is among those that wait, and its flow among those to be looked at."""
    waiting = client.zscore(prefix + b"flow:" + flow, member)
    return waiting is not None and client.zscore(prefix + b"flowing", flow) is not None


def _dispatched(
    occurrence: bytes, fields: dict[bytes, bytes], status: str, members: dict[bytes, set[bytes]]
) -> list[str]:
    """What is dispatched has a worker, or waits for its receiver to acknowledge it."""
    waits = fields.get(b"l", b"").startswith(b"ack:")
    leased = status == "dispatched" and not waits
    signs = {occurrence in members[b"unacknowledged"], b"ack" in fields, waits}
    text, problems = ids.to_text(occurrence), []
    if (occurrence in members[b"claimed"]) != leased:
        problems.append(f"occurrence {text} is {status}; its lease says otherwise")
    if len(signs) > 1 or (waits and status != "dispatched"):
        problems.append(f"occurrence {text} is {status}; does it wait to be acknowledged?")
    return problems


def _events(
    events: dict[bytes, dict[bytes, bytes]],
    occurrences: dict[bytes, dict[bytes, bytes]],
    members: dict[bytes, set[bytes]],
) -> list[str]:
    problems: list[str] = []
    for event, fields in events.items():
        text = ids.to_text(event)
        following = fields.get(b"next")
        if following is not None:
            scheduled = occurrences.get(ids.occurrence_id(event, int(following)))
            if scheduled is None or b"st" in scheduled:
                problems.append(f"event {text} names a next occurrence that is not scheduled")
        elif (
            fields[b"st"] == b"active" and b"rec" in fields and event not in members[b"unscheduled"]
        ):
            problems.append(f"event {text} is active and has nothing scheduled")
        if (fields[b"st"] == b"inactive") != (event in members[b"inactive"]):
            problems.append(f"event {text} is {fields[b'st']!r}; retention thinks otherwise")
    return problems


def _literal(pattern: bytes) -> bytes:
    return pattern.replace(b"[", b"\\[").replace(b"{", b"\\{").replace(b"}", b"\\}")
