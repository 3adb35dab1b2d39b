"""Attempts as bars on one axis: where the time of each went."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.attempt import Attempt

PHASES = ("name lookup", "connect", "TLS", "waiting for the answer", "reading it")
"""What an attempt goes through, in this order; those that took no time are not shown."""


@dataclass(frozen=True, slots=True)
class AttemptPhase:
    """A part of an attempt: begin and end as parts of the whole axis, in percent."""

    name: str
    at: float
    width: float
    took_ms: float

    @property
    def number(self) -> int:
        """Which of all phases it is: it has the same colour wherever it is shown."""
        return PHASES.index(self.name)


@dataclass(frozen=True, slots=True)
class AttemptView:
    """An attempt, drawn on an axis that all attempts of the occurrence share."""

    attempt: Attempt
    started_ms: int
    took_ms: float
    late_ms: float
    phases: tuple[AttemptPhase, ...]


def attempt_views(attempts: list[Attempt]) -> list[AttemptView]:
    """Draw each attempt from its start, all to the scale of the longest."""
    longest = max((one.timings.done_us - one.timings.started_us for one in attempts), default=1)
    return [_attempt_view(one, max(longest, 1)) for one in attempts]


def _attempt_view(attempt: Attempt, axis_us: int) -> AttemptView:
    times = attempt.timings
    took = times.done_us - times.started_us
    phases, at = [], 0
    taken = (times.dns_took, times.connect_took, times.tls_took)
    for name, part in zip(PHASES, taken, strict=False):
        if part:
            phases.append(AttemptPhase(name, 100 * at / axis_us, 100 * part / axis_us, part / 1000))
            at += part
    first = took if times.first_byte_us is None else times.first_byte_us - times.started_us
    for name, end in zip(PHASES[3:], (first, took), strict=True):
        if end > at:
            width = end - at
            phases.append(
                AttemptPhase(name, 100 * at / axis_us, 100 * width / axis_us, width / 1000)
            )
            at = end
    return AttemptView(
        attempt,
        times.started_us // 1000,
        took / 1000,
        max(times.started_us - times.due_us, 0) / 1000,
        tuple(phases),
    )
