"""Attempts: the job to send for a claim, and the record of an outcome. Pure, no I/O."""

from __future__ import annotations

from app.crypto.ack_tokens import AckTokens
from app.crypto.encryption import KeyMissing
from app.crypto.header_secrets import HeaderSecrets
from app.crypto.signing_secrets import SigningSecrets
from app.delivery.actions import KINDS, OWN, build
from app.delivery.context_headers import with_context
from app.delivery.live_message import LiveMessage
from app.delivery.request import Job, Request
from app.domain import ids
from app.domain.attempt import Attempt
from app.domain.headers import Headers
from app.domain.options import NO_OPTIONS, OVERLAP, EventOptions
from app.domain.origin import read_origin
from app.domain.outcome import KEY, Outcome
from app.domain.retry import GiveUp, RetryAt, decide
from app.engine.attempt_stats import stat_of, stat_of_end
from app.engine.drain_options import DrainOptions
from app.errors import NotFound, QhronosError
from app.planning.next_occurrence import TOO_LATE
from app.store.attempts import write_line
from app.store.calls import Record
from app.store.claims import Claim

ACCEPTED = 202
"""The HTTP status with which a receiver may ask to acknowledge later."""

MAX_DEATHS = 3
"""An occurrence fails when so many workers have died while they delivered it: it may be why."""

UNKNOWN_KIND = "this version of the service does not know the type of its event's action"
ENDED_BY_DEATH = "its worker died during the last attempt"
ENDED_BY_CHANGE = "its event's retry policy was changed and allows no further attempt"

SOON_MS = 100
"""A retry that is due within so many milliseconds waits for its record, and so does a successor
with an overlap policy; a drain claims 50 ms ahead."""

_REUSED = [None, None, None]
"""The phases (DNS, connect, TLS) of an attempt on a reused connection."""

LOG_MESSAGE_LIMIT = 200
"""Characters of an error message that the attempt log keeps."""


def request_of(claim: Claim, options: DrainOptions, now_ms: int) -> Request | LiveMessage:
    """The request of a claim. Raises what ``job_of`` raises, and ``InvalidInput``."""
    job = job_of(
        claim, options.signing, options.headers, options.acks, options.default_timeout_ms, now_ms
    )
    built = build(job, now_ms, options.identity)
    if isinstance(built, LiveMessage):
        # A client answers by its acknowledgement: it may take as long as any answer, or longer.
        of_event = claim.definition.options if claim.definition else NO_OPTIONS
        if "ack_timeout" in of_event.given:
            return built._replace(timeout_ms=of_event.ack_timeout_ms)
        return built
    trace = "" if options.traces is None else options.traces.context(claim).header()
    if claim.origin or trace:
        return with_context(built, read_origin(claim.origin).request_id, trace)
    return built


def job_of(
    claim: Claim,
    signing: SigningSecrets,
    headers: HeaderSecrets,
    acks: AckTokens,
    default_timeout_ms: int,
    now_ms: int,
) -> Job:
    """The job of a claim; its event must still exist. Raises ``DecryptionFailed``."""
    definition = claim.definition
    if definition is None:
        raise NotFound
    timeout_ms = definition.options.timeout_ms
    return Job(  # by position: keyword arguments would double the time
        claim.event_id,
        claim.occurrence_id,
        claim.scheduled_ms,
        claim.attempt,
        definition.name,
        definition.description,
        claim.metadata_json,
        claim.tags,
        claim.action,
        signing.of(claim.event_id, claim.secret, now_ms, claim.tags),
        default_timeout_ms if timeout_ms is None else timeout_ms,
        _headers(claim, headers),
        acks.of(claim.occurrence_id, claim.attempt),
        claim.callback,
        definition.options.expect if claim.callback is None else None,
        definition.options.format if claim.callback is None else "",
    )


def _headers(claim: Claim, headers: HeaderSecrets) -> Headers:
    """The event's own headers; they go to its webhook, never to a callback."""
    if claim.headers is None or claim.callback is not None:
        return ()
    return headers.of(claim.event_id, claim.headers)


def unsendable(claim: Claim, now_ms: int) -> Record | None:
    """The record of a claim that must not be sent, or ``None``."""
    if claim.definition is None:
        return _ended(claim, "cancelled", "its event was deleted")
    if (kind := claim.definition.action.kind) not in KINDS and kind not in OWN:
        return _ended(claim, "failed", UNKNOWN_KIND)
    options = claim.definition.options
    return _unwanted(claim, options, now_ms) or _used_up(claim, options)


def _unwanted(claim: Claim, options: EventOptions, now_ms: int) -> Record | None:
    """The record of a claim that is not to be delivered any more, or ``None``."""
    # A redelivery is wanted however late it is; what waited for its flow was claimed in time.
    late = claim.attempt == 1 and claim.redelivered_ms is None and not claim.start_ms
    if claim.callback is not None:
        if options.callback(claim.callback.status) is None:
            return _ended(claim, "cancelled", "its event has no such callback any more")
    elif late and options.misfire.policy == "skip":
        overdue_ms = now_ms - claim.due_ms
        return _ended(claim, "missed", TOO_LATE) if overdue_ms > options.misfire.grace_ms else None
    return None


def _used_up(claim: Claim, options: EventOptions) -> Record | None:
    """The record of a claim that has no attempts left, or ``None``."""
    if claim.deaths >= MAX_DEATHS:
        return _ended(claim, "failed", f"{claim.deaths} workers died while delivering it")
    if claim.attempt - claim.attempts_before > options.retry.attempts:
        return _ended(claim, "failed", ENDED_BY_DEATH if claim.deaths else ENDED_BY_CHANGE)
    return None


def _ended(claim: Claim, verdict: str, message: str) -> Record:
    callback_id = callback_of(claim, verdict)
    return Record(
        claim.occurrence_id,
        claim.token,
        verdict,
        None,
        b"",
        message,
        None,
        b"",
        callback_id,
        stat=stat_of_end(claim),
    )


def callback_of(claim: Claim, verdict: str) -> bytes:
    """The id of the callback that reports this end; empty if none is wanted."""
    if claim.definition is None or claim.callback is not None:
        return b""
    if claim.definition.options.callback(verdict) is None:
        return b""
    return ids.callback_id(claim.event_id, claim.occurrence_id, verdict)


def record_of(
    claim: Claim, outcome: Outcome, now_ms: int, jitter: float, least_delay_ms: int = 0
) -> tuple[Record, bool]:
    """What to record of an attempt, and whether it ends the event (410 Gone).

    ``jitter`` is a random number, at least 0 and below 1. ``least_delay_ms`` is the shortest wait
    before another attempt.
    """
    options = claim.definition.options if claim.definition else NO_OPTIONS
    # What is promised from the attempt's end on must not come in the fraction of a ms before it.
    ended_ms = max(now_ms, -(-outcome.timings.done_us // 1000))
    decision = decide(
        outcome,
        claim.attempt - claim.attempts_before,
        options.retry,
        now_ms=ended_ms,
        since_ms=claim.since_ms,
        jitter=jitter,
        least_ms=least_delay_ms,
    )
    verdict, next_ms, gone, message = "completed", None, False, outcome.error_message
    if isinstance(decision, RetryAt):
        verdict, next_ms = "retrying", decision.at_ms
    elif isinstance(decision, GiveUp):
        verdict, gone = "failed", decision.deactivate_event and claim.callback is None
        if decision.reason:
            message = f"{message}; {decision.reason}"
    elif outcome.ack_required and outcome.status_code in (ACCEPTED, None):
        ack_ms = options.ack_timeout_ms if outcome.ack_ms is None else outcome.ack_ms
        verdict, next_ms = "dispatched", ended_ms + ack_ms
    record = Record(
        claim.occurrence_id,
        claim.token,
        verdict,
        outcome.status_code,
        outcome.response_body,
        message,
        next_ms,
        _log_line(claim, outcome),
        callback_of(claim, verdict),
        outcome.timings.started_us // 1000 if claim.attempt == 1 else None,
        stat_of(claim, outcome),
    )
    return record, gone


def is_awaited(claim: Claim, record: Record, now_ms: int) -> bool:
    """Whether something waits for a record.

    That is a retry soon, an acknowledgement, a callback, the next in its flow, or, with an overlap
    policy, the next of its series: at the latest when that falls due.
    """
    if record.verdict == "dispatched" or record.callback_id or claim.is_waited_for:
        return True
    if record.verdict == "retrying" and (record.next_attempt_ms or 0) < now_ms + SOON_MS:
        return True
    definition = claim.definition
    if definition is None or definition.options.overlap == OVERLAP[0]:
        return False
    return claim.following_ms is None or claim.following_ms < now_ms + SOON_MS


def _log_line(claim: Claim, outcome: Outcome) -> bytes:
    """The log line of an attempt, as ``app.store.attempts`` has it."""
    due, started, done, first, *phases = timings = outcome.timings
    code, message = outcome.status_code, outcome.error_message
    if message is None and first is not None and code is not None and phases == _REUSED:
        # The common case at once: a line that is put together takes three times as long.
        claimed = claim.claimed_ms - due // 1000
        moments = (claim.attempt, due, started - due, done - due, first - due, code, claimed)
        return b"%d,%d,%d,%d,%d,,,,%d,%d\n" % moments
    said = message[:LOG_MESSAGE_LIMIT] if message else None
    return write_line(Attempt(claim.attempt, timings, code, said, claim.claimed_ms))


def fault_of(error: QhronosError) -> str:
    """The word for why a request could not be built: a key that is missing is a local fault."""
    return KEY if isinstance(error, KeyMissing) else "internal"
