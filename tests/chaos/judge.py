"""Compares what was accepted, what the store says became of it, and what the receiver has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain import ids
from app.engine.attempts import MAX_DEATHS
from app.store.attempts import read_log
from tests.chaos.ledger import Entry
from tests.support.api_client import at
from tests.support.invariants import Partition

_OPEN = ("scheduled", "retrying", "dispatched")


@dataclass
class Verdict:
    """What a run came to. ``problems`` is empty if it lost nothing."""

    problems: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    required: int = 0
    deliveries: int = 0
    repeated: int = 0
    expired: int = 0
    """Leases that ended: their worker was killed or stopped, or had no store to renew them in."""
    unheard: int = 0
    """Attempts that had no answer in time: the receiver was silent, or the worker was stopped."""
    late_ms: list[int] = field(repr=False, default_factory=list)

    @property
    def lines(self) -> list[str]:
        self.late_ms.sort()
        late = [
            f"{name} {self.late_ms[min(int(len(self.late_ms) * share), len(self.late_ms) - 1)]} ms"
            for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
            if self.late_ms
        ]
        by_status = ", ".join(f"{count} {name}" for name, count in sorted(self.statuses.items()))
        reasons = f"{self.expired} leases that ended, {self.unheard} attempts without an answer"
        return [
            f"occurrences          {self.statuses.total()}: {by_status}",
            f"must have ended      {self.required}; problems: {len(self.problems)}",
            f"accepted deliveries  {self.deliveries}, {self.repeated} of them repeats",
            f"explained by         {reasons}",
            f"lateness             {', '.join(late)}",
        ]


def judged(
    entries: Sequence[Entry], found: Mapping[bytes, Any], partitions: int, log: Path, quiet_ms: int
) -> Verdict:
    """Judge a store at rest. ``quiet_ms``: up to when series were left alone.

    A repeat is a second delivery of one occurrence that the receiver has answered with 200. It is
    explained if a lease on the occurrence had ended, or if the worker had seen no answer: so many
    and no more may there be, for each occurrence by itself.
    """
    parts = [Partition(b"qh:{%d}:" % number) for number in range(partitions)]
    for part in parts:
        for key, value in found.items():
            if key.startswith(part.prefix):
                part.take(key, value)
    stored = {one: fields for part in parts for one, fields in part.occurrences.items()}
    events = {one: fields for part in parts for one, fields in part.events.items()}
    verdict = Verdict()
    for entry in entries:
        wanted = _required(entry, quiet_ms)
        verdict.required += len(wanted)
        verdict.problems += _entry(entry, wanted, stored, events)
    accepted = _accepted(log)
    for one, fields in stored.items():
        _count(verdict, ids.to_text(one), fields, accepted.pop(ids.to_text(one), []))
    verdict.problems += [f"{text} arrived and is not recorded" for text in accepted]
    return verdict


def _count(
    verdict: Verdict, text: str, fields: Mapping[bytes, bytes], arrivals: Sequence[int]
) -> None:
    """Add one occurrence, and when it was accepted by the receiver."""
    status = fields.get(b"st", b"scheduled").decode()
    repeats = max(len(arrivals) - 1, 0)
    expired = int(fields.get(b"k", 0))
    unheard = _without_answer(fields.get(b"log", b""))
    verdict.statuses[status] += 1
    verdict.deliveries += len(arrivals)
    verdict.repeated += repeats
    verdict.expired += expired
    verdict.unheard += unheard
    if arrivals:
        late_ms = min(arrivals) - int(fields[b"at"])
        verdict.late_ms.append(late_ms)
        if late_ms < 0:
            verdict.problems.append(f"{text} came {-late_ms} ms before its time")
    if repeats > expired + unheard:
        verdict.problems.append(
            f"{text} was delivered {repeats + 1} times; {expired} leases had ended, "
            f"{unheard} attempts had no answer"
        )
    if status == "completed" and not arrivals:
        verdict.problems.append(f"{text} is recorded as completed and never arrived")
    if status == "missed" or (status == "failed" and expired < MAX_DEATHS):
        verdict.problems.append(f"{text} is {status}: {fields.get(b'err')!r}")


def _without_answer(log: bytes) -> int:
    """How many attempts of an occurrence have neither a status nor were refused one."""
    return sum(one.status_code is None for one in read_log(log) if one.error_message)


def _required(entry: Entry, quiet_ms: int) -> set[int]:
    if entry.tampered or not entry.period_ms:
        return set() if entry.tampered else entry.all_of
    # Triggered ones among them are not of the rhythm; what comes later the pause has taken back.
    rhythm = set(range(min(entry.all_of), quiet_ms, entry.period_ms))
    return rhythm | {moment for moment in entry.all_of if moment < quiet_ms}


def _entry(
    entry: Entry,
    wanted: Iterable[int],
    stored: Mapping[bytes, Mapping[bytes, bytes]],
    events: Mapping[bytes, Mapping[bytes, bytes]],
) -> Iterable[str]:
    event_id = ids.from_text(entry.event_id, version=7)
    assert event_id is not None

    def status(moment_ms: int) -> str:
        fields = stored.get(ids.occurrence_id(event_id, moment_ms))
        return "not there" if fields is None else fields.get(b"st", b"scheduled").decode()

    for moment_ms in wanted:
        if (became := status(moment_ms)) in (*_OPEN, "not there"):
            accepted = f"accepted {at(entry.answered_ms / 1000)}"
            moment = at(moment_ms / 1000)
            known = events.get(event_id)
            yield f"event {entry.event_id}, {accepted}: its occurrence of {moment} is {became}; {known}"
    if entry.one_of and all(status(one) in (*_OPEN, "not there") for one in entry.one_of):
        yield f"event {entry.event_id}: neither of its two possible occurrences has ended"
    if entry.deleted and event_id in events:
        yield f"event {entry.event_id} was deleted and is there"
    if not entry.deleted and not entry.tampered and event_id not in events:
        yield f"event {entry.event_id} was accepted and is not there"


def _accepted(log: Path) -> dict[str, list[int]]:
    """When each occurrence was answered with 200, ms UTC."""
    found: dict[str, list[int]] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        moment_ms, webhook_id, _attempt, _scheduled = line.split(" ")
        found.setdefault(webhook_id, []).append(int(moment_ms))
    return found
