"""What the service answers, as values. All times are aware, in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from qhronos.decoding import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Model):
    """Something about a schedule that its author may not have meant."""

    kind: str = ""
    text: str = ""
    local_time: str | None = None
    scheduled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Model):
    """Until when an event is paused, and why."""

    until: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Model):
    """What is delivered, when and where. Settings that are rarely read are in ``raw``."""

    id: str
    name: str
    status: str
    description: str = ""
    key: str | None = None
    start_time: datetime | None = None
    timezone: str = "UTC"
    webhook: str | None = None
    action: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    schedule: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()
    next_occurrence_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    pause: Pause | None = None
    retry: Mapping[str, Any] | None = None
    flow: Mapping[str, Any] | None = None
    has_hmac_secret: bool = False
    notices: tuple[Notice, ...] = ()
    etag: str | None = None
    """The version, for ``if_match``; ``None`` for an event of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence(Model):
    """An event at one time, and what became of it."""

    id: str
    event_id: str
    status: str
    scheduled_at: datetime
    attempt_count: int = 0
    timestamp: datetime | None = None
    status_code: int | None = None
    response_body: str | None = None
    error_message: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    planned_at: datetime | None = None
    next_attempt_at: datetime | None = None
    ack_deadline_at: datetime | None = None
    deferral_count: int = 0
    deferral_reason: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.status not in ("scheduled", "dispatched", "retrying")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Model):
    """One request of an occurrence, with when each step of it happened."""

    number: int
    due_at: datetime
    started_at: datetime | None = None
    first_byte_at: datetime | None = None
    completed_at: datetime | None = None
    lateness_ms: float = 0
    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    took_ms: float = 0
    status_code: int | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Model):
    """A time at which an event will fire, and why it is not its nominal one."""

    scheduled_at: datetime
    planned_at: datetime | None = None
    nominal_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook(Model):
    """What a schedule would do, in words and as times."""

    explained: str = ""
    start_time: datetime | None = None
    timezone: str = "UTC"
    schedule: Mapping[str, Any] | None = None
    occurrences: tuple[Planned, ...] = ()
    skipped: tuple[Mapping[str, Any], ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Created(Model):
    """What became of one event of a batch: an ``id``, or an ``error``."""

    index: int
    status: int
    id: str | None = None
    error: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeliveryJob(Model):
    """A job that redelivers many occurrences, and how far it has come."""

    id: str
    status: str
    total: int = 0
    retried: int = 0
    completed: int = 0
    failed: int = 0
    reason: str | None = None
    created_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLine(Model):
    """What became of an entry of a calendar file; its event's members are in ``raw``."""

    outcome: str
    name: str = ""
    id: str | None = None
    line: int | None = None
    reason: str | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob(Model):
    """An import of a large calendar file in the background, and how far it has come."""

    id: str
    status: str
    phase: str = ""
    total: int = 0
    done: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token(Model):
    """A new token. The service does not show it again."""

    token: str = field(repr=False)
    sub: str
    access: str
    type: str = "jwt"
    scope: tuple[str, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord(Model):
    """Who holds which token; never the token itself."""

    jti: str
    sub: str
    access: str
    type: str = "jwt"
    scope: tuple[str, ...] = ()
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar(Model):
    """Days on which nothing fires."""

    name: str
    description: str = ""
    dates: tuple[str, ...] = ()
    ranges: tuple[Mapping[str, Any], ...] = ()
    rules: tuple[Mapping[str, Any], ...] = ()
    weekdays: tuple[str, ...] = ()
    holidays: Mapping[str, Any] | None = None
    events: int = 0
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow(Model):
    """The limits that some events share, what waits, and what is under way."""

    key: str
    space: str = ""
    rate: str | None = None
    burst: int | None = None
    concurrency: int | None = None
    order: str = "any"
    paused: bool = False
    waiting: int = 0
    in_flight: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry(Model):
    """Who changed what. Each entry has the hash of the one before it in ``prev``."""

    seq: int
    at: datetime
    actor: str
    action: str
    object: str | None = None
    outcome: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem(Model):
    """Something that is wrong with an instance, and what to do about it."""

    code: str
    message: str
    runbook: str = ""
    """Where the instance's guide says more: a path, with a fragment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status(Model):
    """How an instance is."""

    status: str
    version: str = ""
    uptime_seconds: float = 0
    store: str = ""
    queue_depth: int = 0
    lag_ms: int = 0
    workers: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker(Model):
    """A target to which nothing is sent for a while, since it failed too often."""

    target: str
    open_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Model):
    """Something that happened, from the stream of changes; ``raw`` has all of it."""

    id: str
    kind: str
    """``ready``, ``event``, ``change``, ``reset`` or ``end``."""
