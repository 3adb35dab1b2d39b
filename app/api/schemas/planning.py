"""Requests and answers of what stands beside an event's schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields, post_load

from app.api.schemas.base import TIME, StrictSchema, check_order
from app.api.schemas.event_fields import Dst, Names
from app.api.schemas.fields import Choice, Instant, Moment, Object, Text, Timezone
from app.api.schemas.schedule import DST, JITTER, SCHEDULE
from app.domain.pause import Pause
from app.domain.timetable import ON_EXCLUDED
from app.services.queries import EventChanges


class DraftSchema(StrictSchema):
    """A schedule that is not saved: what decides when an event fires, and nothing else."""

    start_time = Moment(required=True)
    timezone = Timezone(1, 64, allow_none=True)
    schedule = Object(allow_none=True, metadata=SCHEDULE)
    dst = Dst(allow_none=True, metadata=DST)
    calendars = Names(allow_none=True)
    on_excluded = Choice(ON_EXCLUDED, allow_none=True)
    jitter = Text(1, 64, allow_none=True, metadata=JITTER)

    @post_load
    def _as_changes(self, data: dict[str, Any], **_kwargs: Any) -> EventChanges:
        return EventChanges(data)


class PlannedSchema(Schema):
    """One future occurrence."""

    scheduled_at = fields.String(required=True, metadata=TIME)
    planned_at = fields.String(
        metadata={**TIME, "description": "When it is attempted, if jitter makes that later."}
    )
    nominal_at = fields.String(
        metadata={**TIME, "description": "The rule's own time, if a calendar moved it."}
    )
    reason = fields.String(metadata={"description": "Why it was moved."})


class MovedSchema(Schema):
    """An occurrence that a change would move."""

    from_ = fields.String(data_key="from", required=True, metadata=TIME)
    to = fields.String(required=True, metadata=TIME)


class DifferenceSchema(Schema):
    """What a change would do to future occurrences."""

    added = fields.List(fields.String(metadata=TIME), required=True)
    removed = fields.List(fields.String(metadata=TIME), required=True)
    moved = fields.List(fields.Nested(MovedSchema), required=True)


class OutlookAnswerSchema(Schema):
    """What a schedule will do."""

    explained = fields.String(
        metadata={"example": "every second Friday at 09:00 Europe/Berlin, until 31 March 2027"}
    )
    occurrences = fields.List(fields.Nested(PlannedSchema))
    skipped = fields.List(
        fields.Dict(), metadata={"description": "Times taken away by calendars: when and why."}
    )
    notices = fields.List(
        fields.Dict(), metadata={"description": "What changes of the clock will do."}
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


class RangeSchema(StrictSchema):
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
