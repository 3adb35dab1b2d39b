"""Misfires: what becomes of occurrences that were due while nobody was there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.durations import parse_duration_ms
from app.errors import InvalidInput

POLICIES = ("fire_once", "fire_all", "skip")
MAX_LIMIT = 1_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class MisfirePolicy:
    """What to do with an occurrence that is later than ``grace_ms``.

    ``fire_once``: the first late one fires for all, the others are recorded as missed.
    ``fire_all``: the newest ``limit`` late ones fire, older ones are recorded as missed.
    ``skip``: none fires, all are recorded as missed. Within the grace everything fires. Of what
    is missed in one stretch the oldest ``limit`` get a record each.
    """

    grace_ms: int = 300_000
    policy: str = "fire_once"
    limit: int = 100


DEFAULT = MisfirePolicy()


def parse_misfire(value: Any) -> MisfirePolicy:
    """Read the ``misfire`` of an event; raises ``InvalidInput`` with the dotted field."""
    if not isinstance(value, Mapping):
        raise InvalidInput.field("misfire", 'must be an object such as {"grace": "5m"}')
    for name in value:
        if name not in ("grace", "policy", "limit"):
            raise InvalidInput.field(f"misfire.{name}", "is not known; use grace, policy, limit")
    policy = value.get("policy", DEFAULT.policy)
    if policy not in POLICIES:
        raise InvalidInput.field("misfire.policy", f"must be one of {', '.join(POLICIES)}")
    limit = value.get("limit", DEFAULT.limit)
    if type(limit) is not int or not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput.field("misfire.limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    grace_ms = DEFAULT.grace_ms
    if "grace" in value:
        grace = value["grace"]
        try:
            grace_ms = parse_duration_ms(grace) if isinstance(grace, str) else -1
        except InvalidInput as error:
            raise InvalidInput.field("misfire.grace", error.message) from None
        if not 1_000 <= grace_ms <= 366 * _DAY_MS:
            raise InvalidInput.field("misfire.grace", "must be a duration from 1s to 366d")
    return MisfirePolicy(grace_ms, policy, limit)
