"""Lateness objectives in requests and answers."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields

from app.api.http.answers import json_text
from app.api.schemas.base import DURATION, TIME, StrictSchema
from app.api.schemas.fields import Read, Text, judged
from app.domain.durations import format_duration, parse_duration_ms
from app.domain.slo import (
    FAST,
    LATENESSES_MS,
    MAX_OBJECTIVE,
    MIN_OBJECTIVE,
    RATES_MS,
    SLOW,
    WINDOWS_MS,
    Compliance,
    Slo,
)
from app.domain.times import to_rfc3339

_LATENESSES = ", ".join(map(format_duration, LATENESSES_MS))


class LatenessBound(Text):
    """What is in time, in ms."""

    def __init__(self, **options: Any) -> None:
        super().__init__(1, 64, **options)
        self.metadata = {**self.metadata, **DURATION, "example": "1s"}

    def read(self, value: Any) -> Any:
        """Return the milliseconds."""
        text = super().read(value)
        if (ms := judged(lambda: parse_duration_ms(text))) not in LATENESSES_MS:
            raise ValidationError(f"must be one of {_LATENESSES}")
        return ms


class WholeDays(Text):
    """Whole days, in ms."""

    def __init__(self, **options: Any) -> None:
        super().__init__(1, 64, **options)
        self.metadata = {**self.metadata, **DURATION, "example": "30d"}

    def read(self, value: Any) -> Any:
        """Return the milliseconds."""
        text = super().read(value)
        ms = judged(lambda: parse_duration_ms(text))
        if ms % WINDOWS_MS[0] or not WINDOWS_MS[0] <= ms <= WINDOWS_MS[1]:
            raise ValidationError("must be 1 to 30 whole days, as in 30d")
        return ms


class Objective(Read):
    """A share of deliveries."""

    kind = {"type": "number"}  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        limits = {"minimum": MIN_OBJECTIVE, "maximum": MAX_OBJECTIVE, "example": 0.999}
        self.metadata = {**self.metadata, **limits}

    def read(self, value: Any) -> Any:
        """Return the share."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not MIN_OBJECTIVE <= value <= MAX_OBJECTIVE:
            said = f"must be a number from {MIN_OBJECTIVE} to {MAX_OBJECTIVE}, as in 0.999"
            raise ValidationError(said)
        return float(value)


class SloSchema(StrictSchema):
    """An objective: which share of a tag's deliveries is to begin in time."""

    tag = fields.String(dump_only=True)
    lateness_ms = LatenessBound(
        data_key="lateness",
        required=True,
        metadata={"description": f"What is in time, from the due time: one of {_LATENESSES}."},
    )
    objective = Objective(
        required=True, metadata={"description": "The share of deliveries that is to be in time."}
    )
    window_ms = WholeDays(
        data_key="window",
        load_default=WINDOWS_MS[1],
        metadata={"description": "In which time; it ends now. 1d to 30d, 30d by default."},
    )
    created_at = fields.String(dump_only=True, metadata=TIME)
    updated_at = fields.String(dump_only=True, metadata=TIME)


class ComplianceSchema(Schema):
    """An objective, and how it fares."""

    tag = fields.String()
    lateness = fields.String(metadata={"example": "1s"})
    objective = fields.Float()
    window = fields.String(metadata={"example": "30d"})
    deliveries = fields.Integer(
        metadata={"description": "In the window: first attempts, and what was missed."}
    )
    late = fields.Integer(metadata={"description": "Those of them that were late, or missed."})
    compliance = fields.Float(
        allow_none=True, metadata={"description": "The share in time; null: there was nothing."}
    )
    budget_left = fields.Float(
        metadata={"description": "The share of the error budget that is left; below 0: overspent."}
    )
    burn_rates = fields.Dict(
        keys=fields.String(),
        values=fields.Float(),
        metadata={
            "description": "How fast the budget is used up; 1 uses it up in one window.",
            "example": dict.fromkeys(RATES_MS, 0.2),
        },
    )
    burning = fields.String(
        allow_none=True,
        metadata={
            "enum": [FAST, SLOW],
            "description": "fast: 14.4 over 1h and 5m, or 6 over 6h and 30m; slow: 1 over 3d and "
            "6h; else null.",
        },
    )
    created_at = fields.String(metadata=TIME)
    updated_at = fields.String(metadata=TIME)


def slo_members(slo: Slo) -> dict[str, Any]:
    """The members of an objective."""
    return {
        "tag": slo.tag,
        "lateness": format_duration(slo.lateness_ms),
        "objective": slo.objective,
        "window": format_duration(slo.window_ms),
        "created_at": to_rfc3339(slo.created_ms),
        "updated_at": to_rfc3339(slo.updated_ms),
    }


def compliance_text(one: Compliance) -> str:
    """Return an objective and how it fares as JSON."""
    share = one.compliance
    return json_text(
        {
            **slo_members(one.slo),
            "deliveries": one.window.total,
            "late": one.window.late,
            "compliance": None if share is None else round(share, 6),
            "budget_left": round(one.budget_left, 4),
            "burn_rates": {name: round(rate, 2) for name, rate in one.burn_rates.items()},
            "burning": one.burning,
        }
    )
