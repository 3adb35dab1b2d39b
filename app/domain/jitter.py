"""The ``jitter`` setting of an event, as users write it."""

from __future__ import annotations

from app.domain.durations import parse_duration_ms
from app.errors import InvalidInput

MAX_JITTER_MS = 7 * 86_400_000


def parse_jitter(value: str) -> int:
    """Read ``jitter``, a duration, in ms; raises ``InvalidInput`` naming the field."""
    try:
        jitter_ms = parse_duration_ms(value)
    except InvalidInput as error:
        raise InvalidInput.field("jitter", error.message) from None
    if jitter_ms > MAX_JITTER_MS:
        raise InvalidInput.field("jitter", "must be at most 7d")
    return jitter_ms
