"""The hot calls of a drain, as data: built here, sent at once or through a channel."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from app.store import keys
from app.store.scripts import Argument


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


@dataclass(frozen=True, slots=True)
class Deferral:
    """A claim that is returned unsent, when it is due again, ms UTC, and why, in words."""

    occurrence_id: bytes
    token: bytes
    due_ms: int
    why: str = ""


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
) -> Call:
    """Take what is due, or will be within ``ahead_ms``, at most ``limit``, under a lease.

    The lanes in which something is due share the limit; those in ``passed_over`` get nothing.
    """
    return Call(
        "claim_due",
        [keys.lanes(partition), keys.claimed(partition), keys.claim(partition, worker)],
        [
            keys.prefix(partition),
            now_ms,
            limit,
            now_ms + lease_ms,
            lease_token(worker, request),
            request,
            now_ms + ahead_ms,
            f",{','.join(map(str, passed_over))}," if passed_over else "",
        ],
    )


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
        ]
    places = (keys.claimed, keys.ended, keys.unacknowledged)
    return Call("record_attempts", [place(partition) for place in places], args)


def release_call(
    partition: int, deferrals: Iterable[Deferral], now_ms: int, expired: int = 0
) -> Call:
    """Return claims of one partition unsent, and up to ``expired`` whose lease has ended."""
    args: list[Argument] = [keys.prefix(partition), now_ms, expired]
    for one in deferrals:
        args += [one.occurrence_id, one.token, one.due_ms, one.why]
    return Call("release_leases", [keys.claimed(partition)], args)
