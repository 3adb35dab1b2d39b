"""What the service answers about figures of deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from qhronos.decoding import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFigures(Model):
    """How many attempts there were; by the class of the answer's status code, or ``none``."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    by_status_code: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles(Model):
    """Seconds that so many did not exceed; ``None``: there were none, or more than a day."""

    count: int = 0
    p50: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(Model):
    """Figures; ``outcomes`` is how often occurrences became what."""

    attempts: AttemptFigures = AttemptFigures()
    outcomes: Mapping[str, int] = field(default_factory=dict)
    lateness: Quantiles = Quantiles()
    receiver: Quantiles = Quantiles()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures(Figures):
    """Figures of a group; without a name, of all that is in no other group."""

    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFigures(Figures):
    """Figures of a minute, an hour or a day."""

    from_: datetime = field(metadata={"name": "from"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats(Model):
    """Figures between two moments; ``series`` lacks steps in which nothing was recorded."""

    from_: datetime = field(metadata={"name": "from"})
    to: datetime
    step: str = ""
    total: Figures = Figures()
    groups: tuple[GroupFigures, ...] = ()
    series: tuple[StepFigures, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo(Model):
    """A tag's lateness objective and, where it is read, how it fares."""

    tag: str
    lateness: str = ""
    objective: float = 0
    window: str = ""
    deliveries: int = 0
    late: int = 0
    compliance: float | None = None
    budget_left: float = 1
    burn_rates: Mapping[str, float] = field(default_factory=dict)
    burning: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
