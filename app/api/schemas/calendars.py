"""Calendars in requests and answers; ``app.domain.calendar`` is what reads a definition."""

from __future__ import annotations

import json
from typing import Any

from marshmallow import ValidationError, fields, post_load

from app.api.schemas.base import NAMED, SOMETIMES, TIME, EditableSchema
from app.api.schemas.fields import JsonValue
from app.api.schemas.schedule import NOTICE
from app.domain.calendar import MAX_DAYS, MAX_RULE_DAYS, MAX_RULES, WEEKDAYS

_DAY = {"type": "string", "format": "date", "example": "2026-12-25"}
_RANGE = {
    NAMED: "CalendarRange",
    "description": "Days in a row.",
    "type": "object",
    "properties": {"from": _DAY, "to": _DAY},
    "required": ["from", "to"],
}
_RULE = {
    NAMED: "CalendarRule",
    "additionalProperties": True,
    "type": "object",
    "description": "Days that recur: a schedule as an event has it, and these.",
    "properties": {
        "from": {**_DAY, "description": "When it begins.", "default": "1970-01-01"},
        "days": {"type": "integer", "minimum": 1, "maximum": MAX_RULE_DAYS, "default": 1},
    },
    "example": {"rrule": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"},
}
_HOLIDAYS = {
    NAMED: "CalendarHolidays",
    "type": "object",
    "description": "The public holidays of a country or a part of it, by ISO 3166 code.",
    "properties": {
        "country": {"type": "string", "example": "DE"},
        "subdivision": {"type": "string", "example": "BE"},
    },
    "required": ["country"],
    "example": {"country": "DE", "subdivision": "BE"},
}


class Entries(JsonValue):
    """A list whose entries the domain checks; each is kept once, where it first stands."""

    def __init__(self, items: dict[str, Any], most: int, description: str) -> None:
        kind = {
            "type": "array",
            "items": items,
            "maxItems": most,
            "description": description,
            **SOMETIMES,
        }
        super().__init__(allow_none=True, metadata=kind)
        self._most = most

    def read(self, value: Any) -> Any:
        """Return the list without repetitions."""
        if not isinstance(value, list) or len(value) > self._most:
            raise ValidationError(f"must be a list of at most {self._most} entries")
        entries: dict[str, Any] = {}
        for one in super().read(value):
            entries.setdefault(json.dumps(one, sort_keys=True), one)
        return list(entries.values())


class CalendarSchema(EditableSchema):
    """A named set of days on which nothing should happen."""

    name = fields.String(dump_only=True, metadata={"example": "office"})
    description = JsonValue(
        allow_none=True,
        metadata={"type": "string", "maxLength": 4_096, "example": "Days off", **SOMETIMES},
    )
    dates = Entries(_DAY, MAX_DAYS, "Single days.")
    ranges = Entries(_RANGE, MAX_DAYS, "From the first to the last day, both included.")
    rules = Entries(_RULE, MAX_RULES, "Days that recur.")
    holidays = JsonValue(allow_none=True, metadata={**_HOLIDAYS, **SOMETIMES})
    weekdays = Entries({"type": "string", "enum": list(WEEKDAYS)}, 7, "Days of the week.")
    notices = fields.List(
        fields.Raw(metadata=NOTICE),
        dump_only=True,
        metadata={"description": "After a write: that its days end within two years.", **SOMETIMES},
    )
    updated_at = fields.String(dump_only=True, metadata=TIME)
    events = fields.Integer(
        dump_only=True,
        metadata={
            "description": "How many events name it; only for tokens of access admin.",
            **SOMETIMES,
        },
    )

    @post_load
    def _as_definition(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value is not None}
