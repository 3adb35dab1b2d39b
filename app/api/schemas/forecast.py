"""Forecasts in answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields

from app.api.http.answers import json_text
from app.api.schemas.base import TIME
from app.domain.ids import to_text
from app.domain.times import to_rfc3339
from app.services.forecasts import MINUTE_MS, MINUTES, Forecast
from app.services.hot_spots import HotSpot, Suggestion

_PER_MINUTE = {"description": "One number for each minute, the first begins at from."}


class TargetLoadSchema(Schema):
    """What is planned for one target."""

    target = fields.String(
        allow_none=True,
        metadata={"description": "Host and port; null: all targets but the ten busiest."},
    )
    total = fields.Float()
    peak_at = fields.String(
        metadata={**TIME, "description": "The minute in which most is planned."}
    )
    per_minute = fields.List(fields.Float(), metadata=_PER_MINUTE)


class SuggestionSchema(Schema):
    """What would spread a hot spot."""

    jitter = fields.String(metadata={"example": "5m"})
    events = fields.Float(metadata={"description": "How many of its events would get it."})
    peak = fields.Float(metadata={"description": "How much would be left in a minute."})


class HotSpotTargetSchema(Schema):
    """A target in a hot spot."""

    target = fields.String()
    count = fields.Float()


class HotSpotEventSchema(Schema):
    """An event in a hot spot."""

    id = fields.UUID()
    name = fields.String()


class HotSpotSchema(Schema):
    """A minute in which far more is planned than usual."""

    at = fields.String(metadata=TIME)
    count = fields.Float()
    times = fields.Integer(metadata={"description": "In how many minutes the same events meet."})
    targets = fields.List(fields.Nested(HotSpotTargetSchema))
    events = fields.List(
        fields.Nested(HotSpotEventSchema), metadata={"description": "Five of them at most."}
    )
    suggestion = fields.Nested(
        SuggestionSchema, metadata={"description": "Left out if no jitter would help."}
    )


class ForecastSchema(Schema):
    """Planned deliveries of the next 24 hours, retries not counted."""

    from_ = fields.String(data_key="from", metadata=TIME)
    to = fields.String(metadata=TIME)
    events = fields.Integer(metadata={"description": "Active events in scope."})
    looked_at = fields.Integer(
        metadata={"description": "How many of them this is computed of; at most 500."}
    )
    is_estimate = fields.Boolean(
        metadata={
            "description": "Not all were looked at, but a sample that is spread evenly over them, "
            "or what occurs often and unevenly was averaged."
        }
    )
    total = fields.Float()
    per_minute = fields.List(fields.Float(), metadata=_PER_MINUTE)
    targets = fields.List(
        fields.Nested(TargetLoadSchema), metadata={"description": "The busiest first."}
    )
    hot_spots = fields.List(
        fields.Nested(HotSpotSchema), metadata={"description": "The hottest first."}
    )


def forecast_text(found: Forecast) -> str:
    """Return a forecast as JSON."""
    return json_text(
        {
            "from": to_rfc3339(found.first_ms),
            "to": to_rfc3339(found.first_ms + MINUTES * MINUTE_MS),
            "events": found.events,
            "looked_at": found.looked_at,
            "is_estimate": found.is_estimate,
            "total": _number(found.total),
            "per_minute": _numbers(found.per_minute),
            "targets": [
                {
                    "target": one.target,
                    "total": _number(one.total),
                    "peak_at": to_rfc3339(found.first_ms + one.peak * MINUTE_MS),
                    "per_minute": _numbers(one.per_minute),
                }
                for one in found.targets
            ],
            "hot_spots": [_hot_spot(one, found.first_ms) for one in found.hot_spots],
        }
    )


def _hot_spot(one: HotSpot, first_ms: int) -> dict[str, Any]:
    return {
        "at": to_rfc3339(first_ms + one.minute * MINUTE_MS),
        "count": _number(one.count),
        "times": one.times,
        "targets": [{"target": name, "count": _number(count)} for name, count in one.targets],
        "events": [{"id": to_text(event.id), "name": event.name} for event in one.events],
        **({"suggestion": _suggestion(one.suggestion)} if one.suggestion else {}),
    }


def _suggestion(one: Suggestion) -> dict[str, Any]:
    return {
        "jitter": f"{one.minutes}m",
        "events": _number(one.events),
        "peak": _number(one.peak),
    }


def _number(value: float) -> float:
    """To a hundredth; whole numbers are written as such."""
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def _numbers(values: Sequence[float]) -> list[float]:
    return [_number(one) for one in values]
