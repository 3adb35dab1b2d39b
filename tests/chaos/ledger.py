"""What the API has accepted, as a client knows it who writes every answer down."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tests.chaos.timeline import Shape, Timeline
from tests.support.api_client import Answer, seconds_of

BEHIND_MS = 250
"""How far the service's clock may be behind where an answer does not tell."""

PLANNED_MS = 5_000
"""An occurrence of a series is planned up to so long before it comes."""


@dataclass
class Entry:
    """One event. Times are ms UTC."""

    event_id: str
    shape: Shape
    """How it fires while it is active and no calendar is in its way."""
    timeline: Timeline = field(default_factory=Timeline)
    is_active: bool = True
    has_calendar: bool = False
    deleted: bool = False
    busy_until_ms: int = 0
    """Until then it is left alone: what the service makes of it by itself is still going on."""
    awaits_resume: bool = False
    """Whether it was paused until a moment, and may not have been resumed yet."""
    excused: list[tuple[int, int]] = field(default_factory=list)
    """Times in which it may be late by more than anything explains."""
    stays_free: bool = False
    """Whether it gets no flow, no overlap policy and no receiver that is slow or fails: then nothing
    but what is wrong holds it up."""
    uncertain: bool = False
    """Whether calls had no answer that add occurrences: there may be more than is known."""
    call: str = "created"
    """The kind of call that it gets now."""

    def write(self, sent_ms: int, known_ms: int, *, closed: bool = False) -> None:
        """Note that from now on it is as this entry says."""
        self.timeline.write(sent_ms, known_ms, self._fires(closed=closed), self.call)

    def learn(self, sent_ms: int, known_ms: int, *, closed: bool, call: str) -> None:
        """Note that its calendar was changed, which every process learns in its own time."""
        shape = self._fires(closed=closed)
        self.timeline.write(sent_ms, known_ms, shape, call, spreads=True)

    def _fires(self, *, closed: bool) -> Shape | None:
        fires = self.is_active and not self.deleted and not (closed and self.has_calendar)
        return self.shape if fires else None

    def may_have(self, at_ms: int) -> bool:
        """Whether the event may have fired for a time, as far as was written by then.

        (What fires once is asked at any time: it fires for a time that is past, too.)
        """
        timeline = self.timeline
        in_time = timeline.in_force(at_ms - BEHIND_MS, at_ms + BEHIND_MS)
        is_excused = any(low <= at_ms <= high for low, high in self.excused)
        # It is resumed at some time, as of when its calendar lets it.
        is_excused = is_excused or (self.awaits_resume and at_ms > timeline.versions[-1].sent_ms)
        if is_excused or not self.shape.period_ms:
            in_time = timeline.versions
        return at_ms in timeline.beside or any(one.has(at_ms) for one in in_time)

    def latest_ms(self, at_ms: int) -> int:
        """Until when an occurrence may be planned, with the jitter of about then."""
        versions = self.timeline.in_force(at_ms - PLANNED_MS, at_ms + PLANNED_MS)
        return at_ms + max((one.shape.jitter_ms for one in versions if one.shape), default=0)

    def promised(self, next_occurrence_at: str | None, known_ms: int) -> str | None:
        """Note what the API says comes next; what is wrong with that, if anything is."""
        if next_occurrence_at is None:
            return None
        at_ms = ms(next_occurrence_at)
        if not self.shape.has(at_ms):
            return f"event {self.event_id} says that {next_occurrence_at} comes next: it does not"
        if at_ms <= known_ms:
            self.timeline.beside.add(at_ms)
        return None


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def ms(text: str) -> int:
    return round(seconds_of(text) * 1000)


def made_ms(sent_ms: int, answer: Answer) -> int:
    """The earliest that a call may have been made, as the service sees the time.

    Its clock may be behind by what the store took to tell it the time.
    """
    said = answer.json.get("updated_at") if answer.status == 200 else None
    return min(sent_ms, ms(said)) if said else sent_ms - BEHIND_MS


def has_changed(sent_ms: int, answer: Answer) -> bool:
    """Whether a call that succeeded has changed something, as far as its answer says.

    Repeated after one that was made and not answered, it found nothing to change.
    """
    if "idempotent-replayed" in answer.headers:
        return False
    if answer.status != 200:
        return True
    said = answer.json.get("updated_at")
    return answer.json.get("added") != 0 and (said is None or ms(said) >= sent_ms)
