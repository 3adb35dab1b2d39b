"""Compares what was accepted, what the API says became of it, and what the receiver has seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from app.domain import ids
from app.engine.attempts import MAX_DEATHS
from app.store.attempts import read_log
from tests.chaos.ledger import BEHIND_MS, Entry, ms
from tests.chaos.records import Arrivals
from tests.chaos.standing import STANDING_MS, Explanations
from tests.chaos.verdict import Kind, Problem, Verdict
from tests.support.api_client import at
from tests.support.invariants import Partition

_OPEN = ("scheduled", "retrying", "dispatched")
_NEEDS_A_REASON = ("cancelled", "skipped", "missed", "failed")


@dataclass
class Judge:
    """Judges a service at rest. ``quiet_ms``: up to when events were left alone."""

    records: Mapping[str, Mapping[str, Any]]
    """By id, as the API gives them."""
    arrivals: Arrivals
    explanations: Explanations
    quiet_ms: int
    stored: Mapping[str, Mapping[bytes, bytes]]
    """By id, as the store holds them."""
    verdict: Verdict = field(default_factory=Verdict)
    _late: dict[int, list[int]] = field(default_factory=dict)

    def judge(self, entries: Sequence[Entry]) -> None:
        """Judge each entry, each record and each request.

        A repeat is a second delivery of one occurrence that the receiver has answered with 200. It
        is explained if a lease on the occurrence had ended, or if the worker had seen no answer: so
        many and no more may there be, for each occurrence by itself.
        """
        known = {entry.event_id: entry for entry in entries}
        note = self.verdict.note
        unknown = self.arrivals.requested.keys() - self.records.keys()
        note(Kind.WITHOUT_RECORD, (f"{text} arrived and is not recorded" for text in unknown))
        gone = [text for text in self.records if text not in self.stored]
        note(Kind.WITHOUT_RECORD, (f"{text} is listed and not stored" for text in gone))
        for entry in entries:
            self.verdict.problems += self._entry(entry)
        for text, record in self.records.items():
            if text in self.stored:
                self.verdict.problems += self._record(text, record, known.get(record["event_id"]))

    def _entry(self, entry: Entry) -> Iterable[Problem]:
        event_id = ids.from_text(entry.event_id, version=7)
        assert event_id is not None
        entry.timeline.allow(self.explanations.waited_ms)
        owed = entry.timeline.owed(self.quiet_ms)
        self.verdict.required += len(owed)
        for moment_ms in sorted(owed):
            text = ids.to_text(ids.occurrence_id(event_id, moment_ms))
            record = self.records.get(text)
            status = record["status"] if record else "not there"
            if record is None or status in _OPEN:
                yield Problem(
                    Kind.LOST,
                    f"event {entry.event_id}: its occurrence of {at(moment_ms / 1000)} is {status}; "
                    + _near(entry, moment_ms),
                )
            elif entry.stays_free and moment_ms not in entry.timeline.beside:
                if status == "completed":
                    yield from self._standing(entry, moment_ms, text, record)
                elif status in ("cancelled", "skipped"):
                    yield from self._withdrawn(entry, moment_ms, record)

    def _withdrawn(
        self, entry: Entry, moment_ms: int, record: Mapping[str, Any]
    ) -> Iterable[Problem]:
        """Whether an occurrence was given up that its event had, whatever was written."""
        over_ms = ms(record["completed_at"]) + BEHIND_MS
        self.verdict.withdrawn += 1
        if all(one.has(moment_ms) for one in entry.timeline.in_force(moment_ms, over_ms)):
            yield Problem(
                Kind.GIVEN_UP,
                f"event {entry.event_id}: {at(moment_ms / 1000)} is {record['status']}, and no "
                f"change took it away ({record['error_message']}); " + _near(entry, moment_ms),
            )

    def _standing(
        self, entry: Entry, moment_ms: int, text: str, record: Mapping[str, Any]
    ) -> Iterable[Problem]:
        """Whether a series was later with an occurrence than anything explains."""
        requested = self.arrivals.requested.get(text)
        if b"again" in self.stored.get(text, {}):
            # It was withdrawn before, by a change: it is as late as whoever asked for it.
            self.verdict.redelivered += 1
            return
        if not requested or record["deferral_count"]:
            self.verdict.deferred += bool(requested)
            return
        planned_ms = min(ms(record["planned_at"]), entry.latest_ms(moment_ms))
        # What all others were late by then is a backlog after a fault, or a busy machine.
        arrived_ms = min(requested) - self._general_ms(planned_ms)
        left_ms = self.explanations.unexplained_ms(planned_ms, arrived_ms, entry.excused)
        self.verdict.watched += 1
        self.verdict.standing_ms = max(self.verdict.standing_ms, left_ms)
        if left_ms > STANDING_MS:
            yield Problem(
                Kind.STANDING,
                f"event {entry.event_id}: {at(moment_ms / 1000)} was sent "
                f"{min(requested) - planned_ms} ms late, {left_ms} ms without a reason; "
                + _near(entry, moment_ms),
            )

    def _general_ms(self, planned_ms: int) -> int:
        """How late half of what was due at about the same time was first sent."""
        if not self._late:
            for text, record in self.records.items():
                requested = self.arrivals.requested.get(text)
                if requested:
                    due_ms = ms(record["planned_at"])
                    self._late.setdefault(due_ms // 1000, []).append(min(requested) - due_ms)
        near = [late for s in (-1, 0, 1) for late in self._late.get(planned_ms // 1000 + s, ())]
        return max(int(median(near)), 0) if near else 0

    def _record(
        self, text: str, record: Mapping[str, Any], entry: Entry | None
    ) -> Iterable[Problem]:
        verdict, status, fields = self.verdict, record["status"], self.stored[text]
        accepted = self.arrivals.accepted.get(text, [])
        requested = self.arrivals.requested.get(text, [])
        at_ms = ms(record["scheduled_at"])
        repeats = sum(not self.explanations.may_repeat(one) for one in sorted(accepted)[1:])
        expired, unanswered = int(fields.get(b"k", 0)), _without_answer(fields.get(b"log", b""))
        verdict.statuses[status] += 1
        verdict.deliveries += len(accepted)
        verdict.repeated += repeats
        verdict.expired += expired
        verdict.unanswered += unanswered
        verdict.unheard += text in self.arrivals.unheard
        if requested:
            verdict.late_ms.append(min(requested) - at_ms)
        if requested and min(requested) < at_ms:
            yield Problem(Kind.EARLY, f"{text} came {at_ms - min(requested)} ms before its time")
        # (A redelivery counts deaths afresh.)
        if repeats > expired + unanswered and b"again" not in fields:
            yield Problem(
                Kind.REPEATED,
                f"{text} was delivered {repeats + 1} times; {expired} leases had ended, "
                f"{unanswered} attempts had no answer",
            )
        if status == "completed" and not accepted and text not in self.arrivals.unheard:
            yield Problem(Kind.LOST, f"{text} is recorded as completed and never arrived")
        if status in _NEEDS_A_REASON and not record["error_message"]:
            yield Problem(Kind.WITHOUT_RECORD, f"{text} is {status} without a reason")
        may_fail = expired >= MAX_DEATHS or text in self.arrivals.ended
        if status == "missed" or (status == "failed" and not may_fail):
            yield Problem(Kind.FAILED, f"{text} is {status}: {record['error_message']}")
        # (What a calendar had taken away is delivered if somebody asks for that.)
        is_judged = status in ("completed", "failed") and b"again" not in fields
        is_judged = is_judged and entry is not None and not entry.uncertain
        if is_judged and entry and not entry.may_have(at_ms):
            yield Problem(
                Kind.MADE_UP,
                f"{text} of {at(at_ms / 1000)} came, and its event did not have it then; {_near(entry, at_ms)}",
            )


def _near(entry: Entry, moment_ms: int) -> str:
    """What was written about an event shortly before and after a moment, and last before that."""
    before = [one for one in entry.timeline.versions if one.sent_ms - moment_ms <= -5_000][-2:]
    near = [one for one in entry.timeline.versions if -5_000 < one.sent_ms - moment_ms < 3_000]
    said = [
        f"{one.call} {one.sent_ms - moment_ms:+}..{one.known_ms - moment_ms:+} ms: {one.shape}"
        for one in [*before, *near]
    ]
    waits = ["it may be paused until a moment"] if entry.awaits_resume else []
    calendar = ["it has a calendar"] if entry.has_calendar else []
    return "; ".join([*said, *waits, *calendar])


def _without_answer(log: bytes) -> int:
    """How many attempts of an occurrence have neither a status nor were refused one."""
    return sum(one.status_code is None for one in read_log(log) if one.error_message)


def occurrences_of(found: Mapping[bytes, Any], partitions: int) -> dict[str, Mapping[bytes, bytes]]:
    """The hashes of all occurrences by id, of what a store holds."""
    parts = [Partition(b"qh:{%d}:" % number) for number in range(partitions)]
    for part in parts:
        for key, value in found.items():
            if key.startswith(part.prefix):
                part.take(key, value)
    return {ids.to_text(one): fields for part in parts for one, fields in part.occurrences.items()}
