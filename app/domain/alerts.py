"""Alerts: who is told by mail or in a chat when deliveries go wrong, and of what. Pure.

An alert names conditions, and where its notifications go. A condition that holds is a finding;
findings that come together are told in one notification.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.access import Access
from app.errors import InvalidInput


class Condition(StrEnum):
    """What an alert tells of. Those that last are told when they begin and when they are over."""

    FAILING = "failing"
    """The newest occurrence of an event that was attempted has not succeeded; lasts."""

    DEAD_LETTER = "dead_letter"
    """An occurrence has failed for good."""

    BREAKER_OPEN = "breaker_open"
    """A target's circuit breaker is open; lasts."""

    SERIES_ENDED = "series_ended"
    """A recurring event has nothing more to come."""

    SET_ASIDE = "set_aside"
    """An event was paused by the service, because its next occurrence can't be computed."""

    LAG = "lag"
    """What is due waits for longer than the alert allows; lasts."""

    PROBLEM = "problem"
    """The status has had a problem for a while; lasts."""

    SLO_BURN = "slo_burn"
    """The error budget of a tag's lateness objective burns; lasts."""


class AlertType(StrEnum):
    """How notifications go out."""

    MAIL = "mail"
    SLACK = "slack"
    TEAMS = "teams"
    WEBHOOK = "webhook"


LASTING = (
    *(Condition.FAILING, Condition.BREAKER_OPEN),
    *(Condition.LAG, Condition.PROBLEM, Condition.SLO_BURN),
)
"""Conditions that are told once while they hold, and again when they are over."""

OF_INSTANCE = (Condition.LAG, Condition.PROBLEM)
"""Conditions that concern the whole instance, whatever tags there are."""

MAX_RECIPIENTS = 10
DEFAULT_PER_HOUR = 12
MAX_PER_HOUR = 60
DEFAULT_LAG_MS = 60_000


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it is stored. ``origin`` is what may be shown of its URL; times are ms UTC."""

    id: str
    name: str
    kind: AlertType
    conditions: tuple[Condition, ...]
    tags: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    origin: str = ""
    has_secret: bool = False
    per_hour: int = DEFAULT_PER_HOUR
    lag_ms: int = DEFAULT_LAG_MS
    created_ms: int = 0
    updated_ms: int = 0
    sealed: bytes | None = field(default=None, repr=False)
    """Its URL and its signing secret, encrypted."""

    def wants(self, finding: Finding) -> bool:
        """Whether it tells of a finding."""
        if finding.condition not in self.conditions or finding.alert_id not in ("", self.id):
            return False
        is_own = finding.alert_id or not self.tags
        return bool(is_own) or not set(self.tags).isdisjoint(finding.tags)

    def is_within(self, access: Access) -> bool:
        """Whether it exists for a token: an admin's, or one whose scope has all its tags."""
        return access.may_change(self.tags)

    def check(self) -> None:
        """Raise ``InvalidInput`` for what does not go together."""
        for one in OF_INSTANCE:
            if self.tags and one in self.conditions:
                raise InvalidInput.field(
                    "on", f"must not hold {one} with tags: it concerns the whole instance"
                )
        if self.kind is AlertType.MAIL:
            if not self.to:
                raise InvalidInput.field("to", "is required: the addresses that mail goes to")
            if self.origin:
                raise InvalidInput.field("url", "does not go with mail; leave it out")
        else:
            if self.to:
                raise InvalidInput.field("to", "goes with the type mail only; leave it out")
            if not self.origin:
                raise InvalidInput.field("url", "is required: where notifications are posted")
        if self.has_secret and self.kind is not AlertType.WEBHOOK:
            raise InvalidInput.field("secret", "goes with the type webhook only; leave it out")


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition that holds, or with ``is_over`` holds no more.

    ``subject`` is what it is about: an event's id, a target, or nothing. ``name`` says the same to
    people, and ``detail`` why; both may come from users, and are hostile. ``alert_id``: only that
    alert is concerned.
    """

    condition: Condition
    at_ms: int
    subject: str = ""
    name: str = ""
    detail: str = ""
    tags: tuple[str, ...] = ()
    occurrence_id: str = ""
    is_over: bool = False
    alert_id: str = ""
