"""Alerts in requests and answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from app.api.http.answers import json_text
from app.api.schemas.base import (
    DURATION,
    NULL_TOO,
    SOMETIMES,
    TIME,
    EditableSchema,
    required,
)
from app.api.schemas.fields import Choice, Name, Read, TagList, Text, Url, judged
from app.domain.alerts import (
    DEFAULT_LAG_MS,
    DEFAULT_PER_HOUR,
    MAX_PER_HOUR,
    MAX_RECIPIENTS,
    AlertType,
    Condition,
)
from app.domain.audit import MASK
from app.domain.durations import format_duration, parse_duration_ms
from app.domain.mail import MAX_ADDRESS, check_address
from app.domain.signing import signing_key
from app.domain.times import to_rfc3339
from app.services.alerts import AlertView, masked

CONDITIONS = [one.value for one in Condition]
TYPES = [one.value for one in AlertType]
LONGEST_LAG_MS = 86_400_000


class AlertKind(Choice):
    """How notifications go out."""

    def read(self, value: Any) -> Any:
        """Return the type."""
        return AlertType(super().read(value))


class Conditions(Read):
    """What to tell of, each once."""

    kind = {  # noqa: RUF012
        "type": "array",
        "items": {"type": "string", "enum": CONDITIONS},
        "minItems": 1,
        "maxItems": len(CONDITIONS),
        "example": ["failing", "dead_letter"],
    }

    def read(self, value: Any) -> Any:
        """Return a tuple of conditions, in their own order."""
        if not isinstance(value, list) or not value:
            raise ValidationError('must be a list, as in ["failing", "dead_letter"]')
        if any(one not in CONDITIONS for one in value):
            raise ValidationError(f"must hold no others than {', '.join(CONDITIONS)}")
        return tuple(one for one in Condition if one in value)


class Addresses(Read):
    """Addresses that mail goes to, each once."""

    kind = {  # noqa: RUF012
        "type": "array",
        "items": {"type": "string", "maxLength": MAX_ADDRESS},
        "maxItems": MAX_RECIPIENTS,
        "example": ["on-call@example.com"],
    }

    def read(self, value: Any) -> Any:
        """Return a tuple of addresses."""
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValidationError('must be a list of addresses, as in ["on-call@example.com"]')
        found = tuple(dict.fromkeys(one.strip() for one in value))
        if len(found) > MAX_RECIPIENTS:
            raise ValidationError(f"must be at most {MAX_RECIPIENTS} addresses")
        for one in found:
            judged(partial(check_address, one))
        return found


class HiddenUrl(Url):
    """A URL whose path is a secret; as it is shown, it means the one that is stored."""

    def read(self, value: Any) -> Any:
        """Return the URL."""
        shown = isinstance(value, str) and value.endswith("/" + MASK)
        return Text.read(self, value) if shown else super().read(value)


class SigningSecret(Text):
    """What signs; ``***`` stands for the one that is stored."""

    def read(self, value: Any) -> Any:
        """Return the secret."""
        if value == MASK:
            return value
        secret = super().read(value)
        judged(lambda: signing_key(secret))
        return secret


class PerHour(Read):
    """How many notifications in an hour."""

    kind = {"type": "integer", "minimum": 1, "maximum": MAX_PER_HOUR}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return the number."""
        if type(value) is not int or not 1 <= value <= MAX_PER_HOUR:
            raise ValidationError(f"must be a whole number from 1 to {MAX_PER_HOUR}")
        return value


class Lag(Text):
    """A duration from which on deliveries are late, in ms."""

    kind = DURATION

    def read(self, value: Any) -> Any:
        """Return milliseconds."""
        text = super().read(value)
        lag_ms = judged(lambda: parse_duration_ms(text))
        if not 1_000 <= lag_ms <= LONGEST_LAG_MS:
            raise ValidationError("must be from 1s to 1d")
        return lag_ms


class AlertUpdateSchema(EditableSchema):
    """What to change of an alert; what is left out stays."""

    id = fields.UUID(dump_only=True)
    name = Name(1, 100, metadata={"example": "on call"})
    type = AlertKind(TYPES, metadata={"example": "slack"})
    on = Conditions(metadata={"description": "What to tell of."})
    tags = TagList(
        metadata={"description": "Only of events with one of these; none: of all, for admins."}
    )
    to = Addresses(metadata={"description": "Whom mail goes to; with the type mail."})
    url = HiddenUrl(
        1,
        2_048,
        allow_none=True,
        metadata={
            "description": "Where notifications are posted. Answers show its host alone.",
            "example": "https://hooks.slack.com/services/T0/B0/x",
            **SOMETIMES,
            **NULL_TOO,
        },
    )
    secret = SigningSecret(
        8,
        256,
        allow_none=True,
        load_only=True,
        metadata={
            "description": "Signs notifications of the type webhook.",
            "example": "a secret of at least eight",
            **SOMETIMES,
        },
    )
    has_secret = fields.Boolean(dump_only=True)
    per_hour = PerHour(
        allow_none=True,
        metadata={"description": f"At most so many in an hour; {DEFAULT_PER_HOUR} by default."},
    )
    lag = Lag(
        1,
        64,
        allow_none=True,
        metadata={
            "description": "For the condition lag: how long what is due may wait; "
            f"{format_duration(DEFAULT_LAG_MS)} by default."
        },
    )
    status = fields.String(dump_only=True, metadata={"enum": ["ok", "failing"]})
    last_sent_at = fields.String(dump_only=True, allow_none=True, metadata=TIME)
    last_error = fields.String(
        dump_only=True,
        allow_none=True,
        metadata={"description": "Why the last notification did not arrive."},
    )
    failing_since = fields.String(dump_only=True, allow_none=True, metadata=TIME)
    next_attempt_at = fields.String(dump_only=True, allow_none=True, metadata=TIME)
    created_at = fields.String(dump_only=True, metadata=TIME)
    updated_at = fields.String(dump_only=True, metadata=TIME)

    @post_load
    def _as_given(self, data: dict[str, Any], **_kwargs: Any) -> Mapping[str, Any]:
        return data


class AlertSchema(AlertUpdateSchema):
    """Who is told, by mail or in a chat, when deliveries go wrong, and of what."""

    @post_load
    def _is_whole(self, data: dict[str, Any], **_kwargs: Any) -> Mapping[str, Any]:
        missing = [name for name in ("name", "type", "on") if name not in data]
        if missing:
            raise required(*missing)
        return data


class AlertTestSchema(Schema):
    """What became of a test."""

    arrived = fields.Boolean(required=True)
    error = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it did not arrive."}
    )


def alert_members(view: AlertView) -> dict[str, Any]:
    """An alert as it is answered; its URL and its secret are never in it."""
    alert, sends = view.alert, view.sends
    return {
        "id": alert.id,
        "name": alert.name,
        "type": alert.kind,
        "on": alert.conditions,
        "tags": alert.tags,
        "to": alert.to,
        "url": masked(alert.origin) if alert.origin else None,
        "has_secret": alert.has_secret,
        "per_hour": alert.per_hour,
        "lag": format_duration(alert.lag_ms),
        "status": "failing" if sends.is_failing else "ok",
        "last_sent_at": _time(sends.sent_ms),
        "last_error": sends.error,
        "failing_since": _time(sends.failing_ms),
        "next_attempt_at": _time(sends.retry_ms or None),
        "created_at": to_rfc3339(alert.created_ms),
        "updated_at": to_rfc3339(alert.updated_ms),
    }


def alert_text(view: AlertView) -> str:
    """The same as JSON."""
    return json_text(alert_members(view))


def _time(ms: int | None) -> str | None:
    return None if ms is None else to_rfc3339(ms)
