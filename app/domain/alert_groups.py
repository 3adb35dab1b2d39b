"""What an alert has to tell, put together; and when it may be told. Pure.

A first finding waits a moment for others. After a notification the next one waits for a minute, and
no alert sends more than its number in an hour: what it has to tell waits, and is told together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from app.domain.alerts import Condition, Finding

FIRST_WAIT_MS = 2_000
"""How long a first finding waits for others."""

NEXT_WAIT_MS = 60_000
"""How long after a notification the next one waits."""

HOUR_MS = 3_600_000

SHOWN = 5
"""How many findings of one kind a notification shows; the others are counted."""

MAX_SUBJECTS = 200
"""How many subjects of one kind are told apart; beyond them it is said that there are more."""

RETRY_FIRST_MS = 30_000
RETRY_MOST_MS = 3_600_000
"""How long after a failure a notification is sent again: twice as long each time."""

FAILING_FROM = 3
"""After so many failures in a row an alert counts as failing."""


@dataclass(frozen=True, slots=True)
class AlertPart:
    """Findings of one kind: how many, about which subjects, and the first ones."""

    condition: Condition
    is_over: bool
    count: int = 0
    subjects: tuple[str, ...] = ()
    first: tuple[Finding, ...] = ()

    def add(self, finding: Finding) -> AlertPart:
        """Count one more."""
        subjects, first = self.subjects, self.first
        if finding.subject not in subjects and len(subjects) <= MAX_SUBJECTS:
            subjects = (*subjects, finding.subject)
        if len(first) < SHOWN:
            first = (*first, finding)
        return AlertPart(self.condition, self.is_over, self.count + 1, subjects, first)


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """What one notification tells. ``key`` names it, so that a receiver knows a repeated one.

    ``since_ms`` is when its first finding was found.
    """

    key: str
    since_ms: int
    parts: tuple[AlertPart, ...] = ()

    def add(self, findings: Iterable[Finding]) -> AlertGroup:
        """Take more findings in; parts keep the order in which they began."""
        parts = {(one.condition, one.is_over): one for one in self.parts}
        for finding in findings:
            kind = finding.condition, finding.is_over
            parts[kind] = parts.get(kind, AlertPart(*kind)).add(finding)
        return AlertGroup(self.key, self.since_ms, tuple(parts.values()))

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        parts = [
            [
                one.condition.value,
                one.is_over,
                one.count,
                list(one.subjects),
                [[f.at_ms, f.subject, f.name, f.detail, f.occurrence_id] for f in one.first],
            ]
            for one in self.parts
        ]
        return {"key": self.key, "since": self.since_ms, "parts": parts}

    @classmethod
    def load(cls, stored: dict[str, Any]) -> AlertGroup:
        """Read what ``dump`` has written."""
        return cls(
            stored["key"],
            stored["since"],
            tuple(_part(*one) for one in stored["parts"]),
        )


def _part(word: str, is_over: bool, count: int, subjects: list[str], first: list[Any]) -> AlertPart:
    condition = Condition(word)
    findings = tuple(
        Finding(condition, at_ms, subject, name, detail, (), occurrence_id, is_over)
        for at_ms, subject, name, detail, occurrence_id in first
    )
    return AlertPart(condition, is_over, count, tuple(subjects), findings)


@dataclass(frozen=True, slots=True)
class Sends:
    """What became of an alert's notifications; times are ms UTC.

    ``times`` are those of the last hour. ``failures`` counts those in a row, since ``failing_ms``;
    ``retry_ms`` is when the next one is tried, and ``error`` why the last one failed. ``told_ms``
    is when the last one arrived that was no test.
    """

    times: tuple[int, ...] = ()
    failures: int = 0
    failing_ms: int | None = None
    retry_ms: int = 0
    error: str | None = None
    sent_ms: int | None = None
    told_ms: int | None = None

    @property
    def is_failing(self) -> bool:
        """Whether so many have failed that somebody should look."""
        return self.failures >= FAILING_FROM

    def in_hour(self, now_ms: int) -> tuple[int, ...]:
        """Return the times within the last hour."""
        # (After a clock that was put back, later ones do not count.)
        return tuple(one for one in self.times if now_ms - HOUR_MS < one <= now_ms)

    def next_ms(self, since_ms: int, per_hour: int, now_ms: int) -> int:
        """When to tell what was first found at ``since_ms``."""
        times = self.in_hour(now_ms)
        moment = max(since_ms + FIRST_WAIT_MS, self.retry_ms)
        if self.told_ms is not None and self.told_ms <= now_ms:
            moment = max(moment, self.told_ms + NEXT_WAIT_MS)
        if len(times) >= per_hour:
            moment = max(moment, times[-per_hour] + HOUR_MS)
        return moment

    def sent(self, now_ms: int) -> Sends:
        """After one that has arrived."""
        return Sends((*self.in_hour(now_ms), now_ms), sent_ms=now_ms, told_ms=now_ms)

    def begun(self, now_ms: int) -> Sends:
        """Before a test; it counts for the limit even if it fails."""
        return replace(self, times=(*self.in_hour(now_ms), now_ms))

    def tested(self, error: str | None, now_ms: int) -> Sends:
        """After a test that has ``begun``; no other waits for it."""
        after = self.sent(now_ms) if error is None else self.failed(error, now_ms)
        return replace(after, times=self.times, told_ms=self.told_ms)

    def failed(self, error: str, now_ms: int) -> Sends:
        """After one that has not. It does not count for the limit: nobody was told."""
        wait_ms = min(RETRY_FIRST_MS * 2 ** min(self.failures, 12), RETRY_MOST_MS)
        since_ms = now_ms if self.failing_ms is None else self.failing_ms
        return replace(
            self,
            times=self.in_hour(now_ms),
            failures=self.failures + 1,
            failing_ms=since_ms,
            retry_ms=now_ms + wait_ms,
            error=error,
        )

    def mended(self) -> Sends:
        """Before the next try at once: whatever was wrong may have been changed."""
        return Sends(self.times, sent_ms=self.sent_ms, told_ms=self.told_ms)
