"""A problem, the codes that there are, and what a check of the service is given and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class ProblemCode(StrEnum):
    """The kinds of problems; alerts go by them, so a code once given never changes."""

    LAG = "lag"
    BROKER = "broker"
    SETTINGS = "settings"
    KEYS = "keys"
    LOCAL_FAULT = "local_fault"
    RATE_LIMIT = "rate_limit"
    ARCHIVE = "archive"
    STORE_REPLICA = "store_replica"
    STORE_SENTINELS = "store_sentinels"
    STORE_EVICTS = "store_evicts"
    STORE_NOT_DURABLE = "store_not_durable"
    STORE_DISK = "store_disk"
    STORE_MEMORY = "store_memory"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong now."""

    code: ProblemCode
    message: str
    """One sentence for everybody: what is wrong and what to do. No secrets, no hosts."""

    named: str = ""
    """The same with the hosts that it is about, for admins; empty if it is about none."""

    def told_to(self, *, admin: bool) -> str:
        """The sentence for who asks."""
        return (admin and self.named) or self.message


@dataclass(frozen=True, slots=True)
class StatusFigures:
    """The figures of ``GET /status``, for checks that follow from them."""

    now_ms: int
    lag_ms: int
    queue_depth: int
    workers: int


Check = Callable[[StatusFigures], Iterable[Problem]]
"""Answers the problems of one kind. It costs at most one round trip, or what it kept for a while;
if it can't find out, it answers nothing."""
