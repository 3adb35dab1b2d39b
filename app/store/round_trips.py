"""Measures the store's plain commands, by their names; ``Scripts`` measures its scripts itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.metrics.catalogue import COMMANDS
from app.metrics.family import MICROSECONDS
from app.metrics.registry import Registry

PIPELINE = "pipeline"
"""The name of several commands in one round trip."""

Answered = Callable[[str, float], None]
"""Told of a round trip that is over: what was asked, and since when, on the monotonic clock."""


def measuring(registry: Registry) -> Answered:
    """Return what measures round trips in a registry; any thread may call it."""

    def answered(command: str, since_s: float) -> None:
        took_us = int((time.monotonic() - since_s) * MICROSECONDS)
        registry.observe(COMMANDS, took_us, command.partition(" ")[0].lower())

    return answered


def unmeasured(_command: str, _since_s: float) -> None:
    """Measure nothing."""
