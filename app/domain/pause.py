"""A pause: until when an event is paused, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pause:
    """Until when (ms UTC; ``None``: until somebody resumes it), and why."""

    until_ms: int | None = None
    note: str | None = None
