"""What follows an attempt: done, another attempt, or the end."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.outcome import NACK, NOT_ALLOWED, Outcome
from app.domain.retry_after import parse_retry_after

GONE = 410

_FIRST_MS = 15_000
_FACTOR = 4.0
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to try, and how long to wait in between.

    ``attempts`` counts all of them, the first included. With ``delays_ms`` the n-th failure is
    followed by the n-th delay, and the last one repeats. Without, the n-th failure is followed by
    ``first_ms * factor ** (n - 1)``, at most ``max_ms``. ``jitter`` moves each delay by up to that
    fraction of it, either way. ``max_age_ms`` after the first attempt was
    planned nothing is tried again.

    The defaults, which make ``DEFAULT``::

        after attempt     1    2    3     4      5       6        7
        waits           15s   1m   4m   16m  1h04m   4h16m   17h04m    each ± 20 %
        in all          15s 1m15 5m15 21m15  1h25m   5h41m   22h45m    then it has failed
    """

    attempts: int = 8
    delays_ms: tuple[int, ...] = ()
    first_ms: int = _FIRST_MS
    factor: float = _FACTOR
    max_ms: int = _DAY_MS
    jitter: float = 0.2
    max_age_ms: int | None = None

    def delay_ms(self, attempt: int, jitter: float) -> int:
        """Return the wait after the attempt of this number, from 1.

        ``jitter`` is a random number, at least 0 and below 1; 0.5 moves nothing.
        """
        if self.delays_ms:
            delay = self.delays_ms[min(attempt, len(self.delays_ms)) - 1]
        else:
            delay = self._grown_ms(attempt)
        return round(delay * (1 + self.jitter * (2 * jitter - 1)))

    def _grown_ms(self, attempt: int) -> int:
        try:
            return int(min(self.first_ms * self.factor ** (attempt - 1), self.max_ms))
        except OverflowError:
            return self.max_ms


DEFAULT = RetryPolicy()
"""Eight attempts over about a day."""


@dataclass(frozen=True, slots=True)
class Done:
    """The delivery is complete."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again at this moment, ms UTC."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The delivery has failed for good.

    ``reason`` says why no further attempt follows, where neither the outcome nor the number of
    attempts tells; else it is empty.
    """

    reason: str = ""
    deactivate_event: bool = False


Decision = Done | RetryAt | GiveUp

_DONE = Done()


def decide(
    outcome: Outcome,
    attempt: int,
    policy: RetryPolicy,
    *,
    now_ms: int,
    since_ms: int,
    jitter: float,
    least_ms: int = 0,
) -> Decision:
    """Decide what follows the attempt of this number (from 1), which ended at ``now_ms``.

    ``since_ms`` is when the first attempt was planned for, or when it was asked for again.
    ``jitter`` is a random number, at least 0 and below 1. ``Retry-After`` (RFC 9110 section
    10.2.3) replaces the next delay, and adds no attempts. Without it the delay is at least
    ``least_ms``: a policy without delays would be a flood of requests for the receiver.
    """
    if outcome.succeeded:
        return _DONE
    refusal = _refusal(outcome)
    if refusal is not None:
        return refusal
    if attempt >= policy.attempts:
        return GiveUp()
    delay_ms = parse_retry_after(outcome.retry_after, now_ms)
    if delay_ms is None:
        delay_ms = max(policy.delay_ms(attempt, jitter), least_ms)
    at_ms = now_ms + delay_ms
    if policy.max_age_ms is not None and at_ms > since_ms + policy.max_age_ms:
        return GiveUp("the next attempt would come after max_age")
    return RetryAt(at_ms)


def _refusal(outcome: Outcome) -> GiveUp | None:
    """Return the end that the outcome itself calls for, however many attempts are left."""
    if outcome.status_code == GONE:
        return GiveUp(deactivate_event=True)
    if outcome.abort:
        # Who refuses to acknowledge has said why in words of its own.
        asked = "it asked not to be sent this again (webhook-delivery: abort-message)"
        return GiveUp("" if outcome.error == NACK else asked)
    if outcome.error == NOT_ALLOWED:
        return GiveUp()
    return None
