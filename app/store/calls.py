"""The hot calls of a drain, as data: built here, sent at once or through a channel."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain import ids
from app.store import codec, keys
from app.store.partitions import by_partition
from app.store.scripts import Argument

BATCH = 256
"""Items in one script call: short enough that no other client waits more than a millisecond
or two, long enough that the round trip does not count."""


@dataclass(slots=True)  # not frozen: made for every delivery, and freezing doubles its cost
class Record:
    """What became of one attempt.

    ``verdict``: ``retrying``, ``dispatched`` (the receiver will acknowledge, until
    ``next_attempt_ms``), or a status in which the occurrence ends.
    """

    occurrence_id: bytes
    token: bytes
    verdict: str
    status_code: int | None
    response_body: bytes
    error_message: str | None
    next_attempt_ms: int | None
    log_line: bytes
    callback_id: bytes = b""
    """The occurrence to add that tells of this end."""
    started_ms: int | None = None
    """When the attempt began, if it is the first of its occurrence."""
    stat: str = "\t---"
    """What it counts as, without tags and outcome; see ``app.domain.stats``."""


@dataclass(frozen=True, slots=True)
class Deferral:
    """A claim that is returned unsent, when it is due again, ms UTC, and why, in words."""

    occurrence_id: bytes
    token: bytes
    due_ms: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Successor:
    """What follows an occurrence in its series; ``scheduled_ms`` ``None`` is the end.

    ``plan`` names the plan that it was computed for; under another it is left out.
    """

    event_id: bytes
    plan: bytes
    before_ms: int
    scheduled_ms: int | None
    due_ms: int = 0
    later_ms: Sequence[int] = ()
    """What follows that, as far as it is computed: claims schedule these themselves, one after the
    other, each at its time and while its plan lasts."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """How many successors were scheduled, and the events whose successor existed already.

    Their series go on after it.
    """

    scheduled: int
    passed: list[bytes]


@dataclass(frozen=True, slots=True)
class Unattempted:
    """An occurrence that ends without an attempt, and why."""

    event_id: bytes
    scheduled_ms: int
    tags: tuple[str, ...]
    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a script."""

    script: str
    keys: Sequence[bytes]
    args: Sequence[Argument]


def lease_token(worker: bytes, request: int) -> bytes:
    """The token of all leases that one claim gets."""
    return b"%s:%d" % (worker, request)


def claim_call(
    partition: int,
    worker: bytes,
    request: int,
    *,
    now_ms: int,
    limit: int,
    lease_ms: int,
    ahead_ms: int = 0,
    passed_over: Collection[int] = (),
    exact: Collection[int] = (),
    turn: int | None = None,
    weights: str = "",
) -> Call:
    """Take what is due, or will be within ``ahead_ms``, at most ``limit``, under a lease.

    The lanes in which something is due share the limit; those in ``passed_over`` get nothing,
    and those in ``exact`` nothing ahead. ``turn`` rises by one with each claim from this partition
    (``None``: as ``request`` does): if there are many lanes, it says which are served. ``weights``:
    their shares, as ``LaneWeights.text`` has them.
    """
    return Call(
        "claim_due",
        [keys.lanes(partition), keys.leases(partition), keys.claim(partition, worker)],
        [
            keys.prefix(partition),
            now_ms,
            limit,
            now_ms + lease_ms,
            lease_token(worker, request),
            request,
            now_ms + ahead_ms,
            _listed(passed_over),
            _listed(exact),
            request if turn is None else turn,
            weights,
        ],
    )


def _listed(lanes: Collection[int]) -> str:
    """Lanes, each between two commas."""
    return f",{','.join(map(str, lanes))}," if lanes else ""


def record_call(partition: int, records: Iterable[Record], now_ms: int) -> Call:
    """Write what became of attempts in one partition."""
    args: list[Argument] = [keys.prefix(partition), now_ms]
    for one in records:
        args += [
            one.occurrence_id,
            one.token,
            one.verdict,
            "" if one.status_code is None else one.status_code,
            one.response_body,
            one.error_message or "",
            "" if one.next_attempt_ms is None else one.next_attempt_ms,
            one.log_line,
            one.callback_id,
            "" if one.started_ms is None else one.started_ms,
            one.stat,
        ]
    places = (keys.leases, keys.ended, keys.unacknowledged)
    return Call("record_attempts", [place(partition) for place in places], args)


def release_call(
    partition: int, deferrals: Iterable[Deferral], now_ms: int, expired: int = 0
) -> Call:
    """Return claims of one partition unsent, and up to ``expired`` whose lease has ended."""
    args: list[Argument] = [keys.prefix(partition), now_ms, expired]
    for one in deferrals:
        args += [one.occurrence_id, one.token, one.due_ms, one.why]
    return Call("release_leases", [keys.leases(partition)], args)


def successor_calls(successors: Iterable[Successor], now_ms: int) -> Iterator[Call]:
    """Schedule what follows, a call for each partition; ``read_advanced`` reads each answer."""
    for partition, some in by_partition(successors, _partition_of_event).items():
        args: list[Argument] = [keys.prefix(partition), now_ms]
        for one in some:
            ends = one.scheduled_ms is None
            args += [
                one.event_id,
                one.plan,
                ids.occurrence_id(one.event_id, one.before_ms),
                "" if ends else ids.occurrence_id(one.event_id, one.scheduled_ms or 0),
                one.scheduled_ms or 0,
                one.due_ms,
                b"".join(ids.occurrence_id(one.event_id, at) for at in one.later_ms),
            ]
        yield Call("schedule_successors", [keys.unscheduled(partition)], args)


def read_advanced(answer: Sequence[Any]) -> Advanced:
    """Read what the script ``schedule_successors`` answered."""
    count, *events = answer
    return Advanced(int(count), events)


def unattempted_calls(occurrences: Iterable[Unattempted], now_ms: int) -> Iterator[Call]:
    """Record occurrences that end without an attempt."""
    for partition, some in by_partition(occurrences, _partition_of_event).items():
        for start in range(0, len(some), BATCH):
            args: list[Argument] = [keys.prefix(partition), now_ms]
            for one in some[start : start + BATCH]:
                args += [
                    ids.occurrence_id(one.event_id, one.scheduled_ms),
                    one.event_id,
                    one.scheduled_ms,
                    codec.join_tags(one.tags),
                    one.status,
                    one.message,
                ]
            yield Call("record_unattempted", [keys.ended(partition)], args)


def _partition_of_event(one: Successor | Unattempted) -> int:
    return ids.partition_of_event(one.event_id)
