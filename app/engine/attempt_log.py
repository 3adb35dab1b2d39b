"""The canonical line of an attempt: what was sent where, what came of it and what happens next."""

from __future__ import annotations

import logging

from app.canonical_lines import CanonicalLines
from app.domain import ids
from app.domain.origin import read_origin
from app.domain.outcome import Outcome
from app.engine.attempt_traces import AttemptTraces
from app.engine.target_limits import InFlightRequest
from app.store.calls import Record

LATE_US = 1_000_000
"""An attempt that began later after its time was late."""

_log = logging.getLogger(__name__)


class AttemptLog:
    """Writes a line for each attempt that failed or was late, and for one in so many others."""

    def __init__(self, sample: int, traces: AttemptTraces | None = None) -> None:
        """``sample``: of those that succeeded in time, one in so many has a line; 0: none.

        With ``traces`` a line names the trace of its attempt.
        """
        self._lines = CanonicalLines(_log, sample)
        self._traces = traces

    def note(self, request: InFlightRequest, outcome: Outcome, record: Record) -> None:
        """Write the line of an attempt, if it is to have one."""
        late_us = outcome.timings.started_us - outcome.timings.due_us
        if self._lines.wants(important=outcome.error is not None or late_us > LATE_US):
            level = logging.WARNING if record.verdict == "failed" else logging.INFO
            about = _about(request, outcome, record)
            if self._traces is not None:
                about["trace_id"] = self._traces.context(request.claim).trace_id.hex()
            self._lines.write(level, "attempt", about)


def _about(request: InFlightRequest, outcome: Outcome, record: Record) -> dict[str, object]:
    claim, timings = request.claim, outcome.timings
    return {
        "event_id": ids.to_text(claim.event_id),
        "occurrence_id": ids.to_text(claim.occurrence_id),
        "attempt": claim.attempt,
        "target": request.limit.target,
        "status": record.verdict,
        "status_code": outcome.status_code,
        "error": outcome.error,
        "error_message": record.error_message,
        "late_ms": (timings.started_us - timings.due_us) // 1000,
        "ms": (timings.done_us - timings.started_us) // 1000,
        "next_attempt_ms": record.next_attempt_ms,
        "request_id": read_origin(claim.origin).request_id or None,
    }
