"""A problem, the codes that there are, and what a check of the service is given and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum, unique

from app.domain.process import ProcessFacts
from app.store.canary import CanaryFigures
from app.store.watch import Watched


@unique
class ProblemCode(StrEnum):
    """The kinds of problems; alerts go by them, so a code once given never changes."""

    LAG = "lag"
    NO_WORKER = "no_worker"
    NO_SCHEDULER = "no_scheduler"
    NO_UPKEEP = "no_upkeep"
    DRAINS_FAIL = "drains_fail"
    MIGRATION = "migration"
    CANARY = "canary"
    CLOCK = "clock"
    FILES = "files"
    DISK = "disk"
    BROKER = "broker"
    SETTINGS = "settings"
    KEYS = "keys"
    LOCAL_FAULT = "local_fault"
    RATE_LIMIT = "rate_limit"
    ARCHIVE = "archive"
    STORE_AWAY = "store_away"
    STORE_REFUSES = "store_refuses"
    STORE_REPLICA = "store_replica"
    STORE_SENTINELS = "store_sentinels"
    SHARD_AWAY = "shard_away"
    STORE_EVICTS = "store_evicts"
    STORE_NOT_DURABLE = "store_not_durable"
    STORE_DISK = "store_disk"
    STORE_MEMORY = "store_memory"

    @property
    def runbook(self) -> str:
        """The path of the page of the guide, and the part of it, that says what to do."""
        return f"/docs/guide/problems.html#{self.value}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong now."""

    code: ProblemCode
    message: str
    """One sentence for everybody: what is wrong and what to do. No secrets, no hosts."""

    named: str = ""
    """The same with the hosts that it is about, for admins; empty if it is about none."""

    def as_json(self, *, admin: bool) -> dict[str, str]:
        """As an answer has it."""
        return {
            "code": self.code.value,
            "message": self.told_to(admin=admin),
            "runbook": self.code.runbook,
        }

    def told_to(self, *, admin: bool) -> str:
        """The sentence for who asks."""
        return (admin and self.named) or self.message


@dataclass(frozen=True, slots=True)
class StatusFigures:
    """What was observed at one moment, for checks that follow from it. Times are the store's."""

    now_ms: int
    lag_ms: int
    queue_depth: int
    workers: int
    alive: tuple[ProcessFacts, ...] = ()
    """The processes that have said so of late."""

    died: frozenset[str] = frozenset()
    """The roles of those that have fallen silent since the instance was started."""

    up_s: float = 0.0
    """For how long the instance runs: as long as the oldest process that is alive."""

    watched: Watched = field(default_factory=Watched)
    """What processes have noted of what fails or stands still."""

    canary: CanaryFigures = field(default_factory=CanaryFigures)
    """How canaries have fared."""

    are_processes_known: bool = True
    """Whether anybody could tell which processes are alive: not while their shard is away."""

    def of(self, role: str) -> list[ProcessFacts]:
        """The processes of a role that are alive."""
        return [one for one in self.alive if one.role == role]


Check = Callable[[StatusFigures], Iterable[Problem]]
"""Answers the problems of one kind. It costs at most one round trip, or what it kept for a while;
if it can't find out, it answers nothing."""
