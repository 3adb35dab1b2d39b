"""What the claim scripts answer: leased occurrences with all that their delivery needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.domain.action import Action, webhook
from app.domain.callback import Callback
from app.domain.definition import Definition
from app.domain.ids import found_in, lane_of_event, moved_among
from app.errors import NotFound
from app.store.codec import definition_from_doc, split_tags


@dataclass(slots=True)  # not frozen: made for every delivery, and freezing doubles its cost
class Claim:
    """One claimed occurrence and all that its delivery needs, as read by the claim script."""

    occurrence_id: bytes
    event_id: bytes
    scheduled_ms: int
    attempt: int
    token: bytes
    definition: Definition | None
    """``None``: its event was deleted."""
    metadata_json: str
    tags: tuple[str, ...]
    secret: bytes | None
    recurring: bool
    plan: bytes
    deaths: int
    due_ms: int
    deferred: int = 0
    """How often this attempt was deferred."""
    start_ms: int = 0
    """When its flow lets it start, ms UTC; 0: it is in none."""
    is_waited_for: bool = False
    """Whether its flow is full: the next attempt in it waits for the end of this one."""
    headers: bytes | None = None
    attempts_before: int = 0
    """Attempts made before its redelivery: the retry policy does not count them."""
    redelivered_ms: int | None = None
    """Since when its redelivery is asked for."""
    claimed_ms: int = 0
    """When it was claimed; if that was ahead of its time, when it was due."""
    overlaps: bool = False
    """It is not to be sent: it was skipped, waits or was cancelled by its overlap policy."""
    callback: Callback | None = None
    """The end that it reports, if it is a callback."""
    planned_ms: int | None = None
    """When it was first to be attempted, if not at its scheduled time."""
    following_ms: int | None = None
    """When its successor is due, ms UTC, ``NEVER_MS`` if it has none; ``None``: not known yet."""

    asked: str | None = None
    """The origin of its own, if it was added or redelivered; else it has its event's."""
    trace: Any = None
    """Where it is in its trace, as who traces it has found out."""

    @property
    def origin(self) -> str:
        """The request that asked for it, as ``origin.Origin`` has it; empty: not known."""
        if self.asked is not None:
            return self.asked
        return "" if self.definition is None else self.definition.origin

    @property
    def lane(self) -> int:
        """The lane of its event."""
        return lane_of_event(self.event_id)

    @property
    def since_ms(self) -> int:
        """Since when it is to be delivered: the age that a retry policy may limit begins here."""
        if self.redelivered_ms is not None:
            return self.redelivered_ms
        return self.scheduled_ms if self.planned_ms is None else self.planned_ms

    @property
    def action(self) -> Action:
        """What to do: its event's action, or to tell of an end. Raises ``NotFound`` for neither."""
        definition = self.definition
        if definition is not None and self.callback is None:
            return definition.action
        url = definition and self.callback and definition.options.callback(self.callback.status)
        if not url:
            raise NotFound
        return webhook(url)


def is_held_back(row: Sequence[Any]) -> bool:
    """Whether a row of a claim's answer is not to be sent, because of its overlap policy."""
    return row[15] is not None


def note_claimed(partition: int, rows: Iterable[Sequence[Any]]) -> None:
    """Note where the occurrences of an answer are, and their events that are there as well."""
    if moved_among():
        for row in rows:
            found_in(partition, row[:1] if row[4] is None else row[:2])


class ClaimAnswer(NamedTuple):
    """What claiming from a partition has found."""

    claims: list[Claim]
    early_ms: list[int]
    """When those are due that were left, being early for them, ms UTC."""
    flows: list[bytes]
    """The flows for which something waits now instead of being claimed."""


def read_claim_answer(answer: Sequence[Any], token: bytes, claimed_ms: int) -> ClaimAnswer:
    """Read what the script ``claim_due`` answered."""
    if not answer:
        return ClaimAnswer([], [], [])
    claims, early, flows, _ = answer
    return ClaimAnswer(
        [read_claim(row, token, claimed_ms) for row in claims],
        [int(one.partition(b":")[0]) for one in early],
        flows,
    )


def read_claim(row: Sequence[Any], token: bytes, claimed_ms: int) -> Claim:
    """Read a row that the include ``claim_row`` made, claimed under a lease token at a time."""
    (
        occurrence_id,
        event_id,
        scheduled,
        attempt,
        definition,
        metadata,
        tags,
        secret,
        in_series,
        plan,
        deaths,
        due,
        deferrals,
        headers,
        redelivery,
        overlap,
        callback,
        planned,
        origin,
    ) = row
    claim = Claim(  # by position: naming twenty fields takes as long as reading them
        occurrence_id,
        event_id,
        int(scheduled),
        attempt,
        token,
        None if definition is None else definition_from_doc(definition),
        (metadata or b"{}").decode(),
        split_tags(tags),
        secret,
        in_series is not None,
        plan or b"",
        int(deaths or 0),
        int(due),
        _deferrals(deferrals, attempt) if deferrals else 0,
    )
    claim.headers, claim.overlaps = headers, overlap is not None
    claim.claimed_ms = max(claimed_ms, claim.due_ms)
    if callback is not None:
        claim.callback = callback_from_field(callback)
    if planned is not None:
        claim.planned_ms = int(planned)
    if redelivery is not None:
        claim.attempts_before, claim.redelivered_ms = redelivery_from_field(redelivery)
        # (What a job has redelivered goes by the name of the job.)
        origin = origin or redelivery.rpartition(b":")[2]
    if origin is not None:
        claim.asked = origin.decode()
    return claim


def redelivery_from_field(raw: bytes) -> tuple[int, int]:
    """Read how many attempts were made before a redelivery, and since when it is asked for."""
    before, since, _ = raw.split(b":")
    return int(before), int(since)


def _deferrals(raw: bytes, attempt: int) -> int:
    of, _, count = raw.partition(b":")
    return int(count) if int(of) == int(attempt) else 0


def callback_from_field(raw: bytes) -> Callback:
    """Read the end that a callback reports.

    That is the id of the occurrence that has ended, then, one a line, its status, scheduled time,
    end, attempts, status code and error.
    """
    status, scheduled, completed, attempts, code, error = raw[16:].split(b"\n", 5)
    return Callback(
        occurrence_id=raw[:16],
        status=status.decode(),
        scheduled_ms=int(scheduled),
        completed_ms=int(completed),
        attempt_count=int(attempts),
        status_code=int(code) if code else None,
        error_message=error.decode() or None,
    )
