"""What a drain is given beside what it works with: how much, how, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from app.crypto.ack_tokens import AckTokens
from app.crypto.header_secrets import HeaderSecrets
from app.crypto.signing_secrets import SigningSecrets
from app.delivery.request import Identity
from app.domain.outcome import Outcome
from app.domain.weights import EQUAL, LaneWeights
from app.engine.attempt_log import AttemptLog
from app.engine.attempt_traces import AttemptTraces
from app.engine.target_limits import InFlightRequest
from app.store.calls import Record


@dataclass(frozen=True, slots=True)
class DrainOptions:
    """How much a drain sends at once, how it sends, and how long it may take to stop.

    Times that end in ``_ms`` are milliseconds.
    """

    concurrency: int
    grace_ms: int
    lease_ms: int
    identity: Identity
    signing: SigningSecrets
    headers: HeaderSecrets
    acks: AckTokens
    default_timeout_ms: int
    least_delay_ms: int
    """The shortest wait between two attempts."""
    log: AttemptLog
    traces: AttemptTraces | None = None
    """``None``: nothing is traced."""
    weights: LaneWeights = EQUAL

    def note(self, request: InFlightRequest, outcome: Outcome, record: Record) -> None:
        """Write the line of an attempt that has ended, and trace it."""
        if self.traces is not None:
            self.traces.note(request, outcome, record)
        self.log.note(request, outcome, record)
