"""Requests and answers of what stands beside an event's schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from app.api.schemas.base import NAMED, SOMETIMES, TIME, StrictSchema, check_order
from app.api.schemas.event_fields import Dst, Names
from app.api.schemas.fields import Choice, Instant, Moment, Object, Text, Timezone
from app.api.schemas.schedule import (
    DST,
    JITTER,
    NOTICE,
    ON_EXCLUDED_DAYS,
    SCHEDULE,
    TEXT,
    begins_now,
)
from app.domain.pause import Pause
from app.domain.timetable import ON_EXCLUDED
from app.domain.words import MAX_TEXT
from app.services.queries import EventChanges

SKIPPED: dict[str, Any] = {
    "type": "object",
    NAMED: "Skipped",
    "description": "A time that a calendar takes away.",
    "properties": {
        "nominal_at": {"type": "string", **TIME},
        "reason": {"type": "string", "example": "a day of office"},
    },
    "required": ["nominal_at", "reason"],
}


class DraftSchema(StrictSchema):
    """A schedule that is not saved: what decides when an event fires, and nothing else."""

    start_time = Moment(
        metadata={"description": "When to begin. Needed, unless there is a text, cron or every."}
    )
    text = Text(1, MAX_TEXT, metadata=TEXT)
    timezone = Timezone(1, 64, allow_none=True)
    schedule = Object(allow_none=True, metadata=SCHEDULE)
    dst = Dst(allow_none=True, metadata=DST)
    calendars = Names(allow_none=True)
    on_excluded = Choice(ON_EXCLUDED, allow_none=True, metadata=ON_EXCLUDED_DAYS)
    jitter = Text(1, 64, allow_none=True, metadata=JITTER)

    @post_load
    def _as_changes(self, data: dict[str, Any], **_kwargs: Any) -> EventChanges:
        if "text" not in data and "start_time" not in data and not begins_now(data):
            raise ValidationError("is required, or a text that says when", "start_time")
        if "text" in data and data.get("schedule") is not None:
            raise ValidationError("can't stand beside schedule; give one of them", "text")
        return EventChanges(data)


class PlannedSchema(Schema):
    """One future occurrence."""

    scheduled_at = fields.String(required=True, metadata=TIME)
    planned_at = fields.String(
        metadata={
            **TIME,
            **SOMETIMES,
            "description": "When it is attempted, if jitter makes that later.",
        }
    )
    nominal_at = fields.String(
        metadata={
            **TIME,
            **SOMETIMES,
            "description": "The rule's own time, if a calendar moved it.",
        }
    )
    reason = fields.String(metadata={"description": "Why it was moved.", **SOMETIMES})


class MovedSchema(Schema):
    """An occurrence that a change would move."""

    from_ = fields.String(data_key="from", required=True, metadata=TIME)
    to = fields.String(required=True, metadata=TIME)


class DifferenceSchema(Schema):
    """What a change would do to future occurrences."""

    added = fields.List(fields.String(metadata=TIME), required=True)
    removed = fields.List(fields.String(metadata=TIME), required=True)
    moved = fields.List(fields.Nested(MovedSchema), required=True)


class OutlookSchema(Schema):
    """What a schedule will do."""

    explained = fields.String(
        metadata={"example": "every second Friday at 09:00 Europe/Berlin, until 31 March 2027"}
    )
    start_time = fields.String(
        metadata={
            **TIME,
            **SOMETIMES,
            "description": "What a text came to: when it begins, or the one moment.",
        }
    )
    timezone = fields.String(
        metadata={
            **SOMETIMES,
            "description": "What a text came to, or was given beside it.",
            "example": "Europe/Berlin",
        }
    )
    schedule = fields.Raw(metadata={**SCHEDULE, **SOMETIMES})
    occurrences = fields.List(fields.Nested(PlannedSchema))
    skipped = fields.List(
        fields.Raw(metadata=SKIPPED),
        metadata={"description": "Times taken away by calendars: when and why."},
    )
    notices = fields.List(
        fields.Raw(metadata=NOTICE),
        metadata={"description": "What changes of the clock and ends of calendars do."},
    )


class PauseSchema(StrictSchema):
    """How to pause an event."""

    until_ms = Instant(data_key="until", allow_none=True, metadata={"description": "Or for good."})
    note = Text(1, 500, allow_none=True)

    @post_load
    def _as_pause(self, data: dict[str, Any], **_kwargs: Any) -> Pause:
        return Pause(**data)


@dataclass(frozen=True, slots=True)
class Range:
    """A past range, both ends included, ms UTC."""

    from_ms: int
    to_ms: int


class BackfillRangeSchema(StrictSchema):
    """Which past range to backfill."""

    from_ms = Instant(data_key="from", required=True)
    to_ms = Instant(data_key="to", required=True)

    @post_load
    def _as_range(self, data: dict[str, Any], **_kwargs: Any) -> Range:
        check_order(data)
        return Range(**data)


class BackfillSchema(Schema):
    """What a backfill did, or would do."""

    count = fields.Integer(metadata={"description": "Occurrences of the range."})
    existing = fields.Integer(metadata={"description": "Those with a record, left as they are."})
    added = fields.Integer(metadata={"description": "Those that were added; 0 in a dry run."})
