"""Flows: deliveries that share limits on how fast and how many at once they are sent.

A flow has a key. Events that give the same key are in the same flow, as long as they belong to the
same space: a flow that one tenant's token made is not that of another's with the same key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.domain.access import Access
from app.domain.action import CLIENT
from app.domain.rates import Rate, parse_rate
from app.domain.targets import ascii_url
from app.errors import InvalidInput

MAX_CONCURRENCY = 10_000
MAX_BURST = 10_000
ORDERS = ("any", "strict")

_KEY = re.compile(r"[A-Za-z0-9._:\[\]-]{1,128}")
_MEMBERS = ("key", "rate", "burst", "concurrency")


@dataclass(frozen=True, slots=True)
class FlowLimits:
    """What holds for all deliveries of a flow together; ``None``: no limit.

    ``rate`` spaces attempts evenly; ``burst`` of them may go at once before that. ``concurrency``
    bounds what is under way. ``strict`` sends one occurrence at a time, in the order of their
    scheduled times, the next one after the end of the one before, its retries included.
    """

    rate: Rate | None = None
    burst: int = 1
    concurrency: int | None = None
    strict: bool = False


def parse_flow(value: Any) -> FlowLimits:
    """Read ``flow``, an object of ``key``, ``rate``, ``burst``, ``concurrency``, checking all.

    Raises ``InvalidInput`` naming the field.
    """
    if not isinstance(value, Mapping) or not set(value) <= set(_MEMBERS):
        raise InvalidInput.field(
            "flow", "must be an object with key, rate, burst or concurrency, and nothing else"
        )
    if "key" in value:
        check_key(value["key"])
    return parse_limits(value, "flow.")


def parse_limits(value: Mapping[str, Any], path: str = "") -> FlowLimits:
    """Read ``rate``, ``burst``, ``concurrency``, ``order``; ``path`` stands before their names."""
    rate = value.get("rate")
    if rate is None and value.get("burst") not in (None, 1):
        raise InvalidInput.field(f"{path}burst", "goes with a rate only")
    try:
        parsed = None if rate is None else parse_rate(rate)
    except InvalidInput as error:
        raise InvalidInput.field(f"{path}rate", error.message) from None
    concurrency = value.get("concurrency")
    if concurrency is not None:
        concurrency = _count(f"{path}concurrency", concurrency, MAX_CONCURRENCY)
    burst = value.get("burst")
    return FlowLimits(
        rate=parsed,
        burst=1 if burst is None else _count(f"{path}burst", burst, MAX_BURST),
        concurrency=concurrency,
        strict=value.get("order") == "strict",
    )


def check_key(key: Any) -> None:
    """Raise ``InvalidInput`` unless a flow can have this key."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidInput.field(
            "flow.key", "must be 1 to 128 letters, digits or any of the characters . _ : - [ ]"
        )
    if key in (".", ".."):
        raise InvalidInput.field("flow.key", "must not be . or .., which no URL path can name")


def space_of(access: Access) -> str:
    """The space that the flows of a token's events belong to: one for all tokens of a scope."""
    if access.is_admin:
        return ""
    scope = "\n".join(sorted(access.scope)).encode()
    return hashlib.blake2b(scope, digest_size=8).hexdigest()


def flow_name(space: str, key: str) -> str:
    """What the store calls a flow."""
    return f"{space}/{key}"


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """The flow that an event is in: its key, whose it is, and the limits that the event gives it.

    Without a key it is that of the target's host (and port, if one is given), or that of the client
    that is connected.
    """

    key: str | None
    space: str
    limits: FlowLimits

    def name(self, target: str) -> str:
        """What the store calls the flow of an event with this target."""
        if self.key is not None or target.startswith(CLIENT):
            return flow_name(self.space, self.key or target)
        return flow_name(self.space, urlsplit(ascii_url(target)).netloc.lower())


def _count(path: str, value: Any, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise InvalidInput.field(path, f"must be a whole number from 1 to {most}")
    return value
