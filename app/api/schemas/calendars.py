"""Calendars in requests and answers; ``app.domain.calendar`` is what reads a definition."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from app.api.schemas.base import EditableSchema
from app.api.schemas.fields import JsonValue
from app.domain.calendar import MAX_DAYS, MAX_RULE_DAYS, MAX_RULES, WEEKDAYS

_DAY = {"type": "string", "format": "date", "example": "2026-12-25"}
_RANGE = {
    "type": "object",
    "properties": {"from": _DAY, "to": _DAY},
    "required": ["from", "to"],
}
_RULE = {
    "type": "object",
    "description": "A schedule as an event has it.",
    "properties": {
        "from": {**_DAY, "description": "When it begins; 1970-01-01 by itself."},
        "days": {"type": "integer", "minimum": 1, "maximum": MAX_RULE_DAYS, "default": 1},
    },
    "example": {"rrule": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"},
}
_HOLIDAYS = {
    "type": "object",
    "description": "The public holidays of a country or a part of it, by ISO 3166 code.",
    "properties": {"country": {"type": "string"}, "subdivision": {"type": "string"}},
    "required": ["country"],
    "example": {"country": "DE", "subdivision": "BE"},
}


def _list(items: dict[str, Any], most: int, description: str) -> JsonValue:
    return JsonValue(
        allow_none=True,
        metadata={"type": "array", "items": items, "maxItems": most, "description": description},
    )


class CalendarSchema(EditableSchema):
    """A named set of days on which nothing should happen."""

    name = fields.String(dump_only=True)
    description = JsonValue(allow_none=True, metadata={"type": "string", "maxLength": 4_096})
    dates = _list(_DAY, MAX_DAYS, "Single days.")
    ranges = _list(_RANGE, MAX_DAYS, "From the first to the last day, both included.")
    rules = _list(_RULE, MAX_RULES, "Days that recur.")
    holidays = JsonValue(allow_none=True, metadata=_HOLIDAYS)
    weekdays = _list({"type": "string", "enum": list(WEEKDAYS)}, 6, "Days of the week.")
    updated_at = fields.String(dump_only=True, metadata={"format": "date-time"})
    events = fields.Integer(
        dump_only=True,
        metadata={"description": "How many events name it; only for tokens of access admin."},
    )

    @post_load
    def _as_definition(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value is not None}
