"""Callbacks: what an event's owner is told when an occurrence has ended."""

from __future__ import annotations

from dataclasses import dataclass

CALLBACKS = {"failed": "on_failure", "completed": "on_success"}
"""The statuses that are told of, and the option with the URL to tell."""


@dataclass(frozen=True, slots=True)
class Callback:
    """How an occurrence ended. ``status`` is one of ``CALLBACKS``; times are ms UTC."""

    occurrence_id: bytes
    status: str
    scheduled_ms: int
    completed_ms: int
    attempt_count: int
    status_code: int | None
    error_message: str | None
