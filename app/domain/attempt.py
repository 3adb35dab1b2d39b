"""The attempt: one try at delivering an occurrence, as recorded."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.outcome import Timings


@dataclass(frozen=True, slots=True)
class Attempt:
    """When things happened in one attempt, and what came of it; see ``Timings`` for the units.

    ``claimed_ms`` is when a worker took it on or, ahead of its time, when it was due; ms UTC;
    ``None``: not recorded.
    """

    number: int
    timings: Timings
    status_code: int | None
    error_message: str | None
    claimed_ms: int | None
