"""The stat of an attempt: what it counts as in the figures of ``GET /stats``.

It is made for every delivery, and sent with its record. See ``app.domain.stats``.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache

from app.domain.outcome import Outcome
from app.domain.stats import BOUNDS_MS, BUCKETS, FAILED, NONE, NOT_ATTEMPTED, SUCCEEDED
from app.engine.target_limits import target_of
from app.errors import NotFound
from app.store.claims import Claim

_BOUNDS_US = tuple(bound_ms * 1000 for bound_ms in BOUNDS_MS)


def stat_of(claim: Claim, outcome: Outcome) -> str:
    """The stat of an attempt, without tags and outcome, which the script knows."""
    due, started, done, first, _, _, _ = outcome.timings
    definition, code = claim.definition, outcome.status_code
    if definition is None or claim.callback is not None:
        place = _place_of(claim)
    else:  # the common case at once: this is done for every delivery
        place = _place(definition.action.target)
    results = SUCCEEDED if outcome.error is None else FAILED
    late = BUCKETS[bisect_left(_BOUNDS_US, started - due)] if claim.attempt == 1 else NONE
    took = NONE if first is None else BUCKETS[bisect_left(_BOUNDS_US, done - started)]
    return f"{place}{results[code // 100 % 10 if code else 0]}{late}{took}"


def stat_of_end(claim: Claim) -> str:
    """The same of an occurrence that ends without another attempt."""
    return _place_of(claim) + NOT_ATTEMPTED


def without_times(stat: str) -> str:
    """The stat of an attempt of which it is not known when it began and how long it took."""
    return stat[:-2] + NONE * 2


def _place_of(claim: Claim) -> str:
    try:
        return _place(claim.action.target)
    except NotFound:  # its event was deleted, or has no such callback any more
        return _place("")


@lru_cache(maxsize=4096)
def _place(url: str) -> str:
    return (target_of(url) if url else "") + "\t"
