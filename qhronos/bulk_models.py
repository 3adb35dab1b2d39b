"""What the service answers of many events at once, and of signing secrets, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from qhronos.decoding import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCount(Model):
    """Which events a bulk job would be about; ``sample`` has the newest ten at most."""

    count: int
    count_is_exact: bool = True
    sample: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkJob(Model):
    """One action on many events, and how far it has come."""

    id: str
    status: str
    """``running``, ``completed``, ``stopped`` (see ``reason``) or ``cancelled``."""

    action: str
    filter: Mapping[str, Any] = field(default_factory=dict)
    total: int = 0
    total_is_exact: bool = True
    done: int = 0
    left_alone: int = 0
    refused: int = 0
    errors: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill(Model):
    """What a backfill did, or would do: occurrences of the range, those with a record, new ones."""

    count: int
    existing: int = 0
    added: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatedSecret(Model):
    """What became of a rotation. A secret that the service made is shown here and never again."""

    previous_until: datetime
    secret: str | None = field(default=None, repr=False)
    count: int = 1
    """How many events it signs for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSecret(Model):
    """A tag that has a signing secret; ``secret`` is there once, if the service made it."""

    tag: str
    updated_at: datetime | None = None
    secret: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLoad(Model):
    """What is planned for one target; without a name, for all others."""

    target: str | None = None
    total: float = 0
    peak_at: datetime | None = None
    per_minute: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpot(Model):
    """A minute in which far more is planned than usual; ``suggestion`` would spread it."""

    at: datetime
    count: float = 0
    times: int = 1
    targets: tuple[Mapping[str, Any], ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    suggestion: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast(Model):
    """What is planned for each minute of the next 24 hours."""

    from_: datetime = field(metadata={"name": "from"})
    to: datetime
    events: int = 0
    looked_at: int = 0
    is_estimate: bool = False
    total: float = 0
    per_minute: tuple[float, ...] = ()
    targets: tuple[TargetLoad, ...] = ()
    hot_spots: tuple[HotSpot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Model):
    """Who is told when deliveries go wrong, of what, and whether it arrives."""

    id: str
    name: str
    type: str
    on: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    url: str | None = None
    """Its host alone: the rest is a secret."""
    has_secret: bool = False
    per_hour: int = 0
    lag: str = ""
    status: str = "ok"
    last_sent_at: datetime | None = None
    last_error: str | None = None
    failing_since: datetime | None = None
    next_attempt_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTest(Model):
    """Whether a test arrived, and why not."""

    arrived: bool = False
    error: str | None = None
