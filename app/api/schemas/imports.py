"""Imports of calendar files, in requests and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields, post_load

from app.api.schemas.base import TIME, StrictSchema
from app.api.schemas.fields import Choice, Name, Text, Timezone
from app.api.schemas.queries import QueryFlag, Tags, Whole, cursor_field, limit_field
from app.domain.import_job import STATUSES
from app.domain.imports import MAX_VEVENTS, OUTCOMES, ImportRequest


class ImportQuerySchema(StrictSchema):
    """What VEVENTs do not say of the events that are made of them, and how to import them."""

    webhook = Text(
        1, 2_048, metadata={"description": "For entries that have none.", "format": "uri"}
    )
    tags = Tags(
        load_default=(), metadata={"description": "For entries that have none; between commas."}
    )
    timezone = Timezone(1, 64, metadata={"description": "Of times that name none."})
    source = Name(
        1,
        255,
        metadata={"description": "The feed that the file is the whole of: what has left it, ends."},
    )
    dry_run = QueryFlag(load_default=False, metadata={"description": "Change nothing, only say."})
    atomic = QueryFlag(load_default=False, metadata={"description": "All entries or none."})
    max_ended = Whole(0, MAX_VEVENTS, None, "How many events may end as they left the source.")

    @post_load
    def _as_request(self, data: dict[str, Any], **_kwargs: Any) -> ImportRequest:
        return ImportRequest(**data)


@dataclass(frozen=True, slots=True)
class LinesQuery:
    """Which entries of an import, and how many."""

    limit: int
    outcome: str | None = None
    cursor: str | None = None


class LinesQuerySchema(StrictSchema):
    """Which entries of an import to list."""

    outcome = Choice(OUTCOMES)
    limit = limit_field()
    cursor = cursor_field()

    @post_load
    def _as_query(self, data: dict[str, Any], **_kwargs: Any) -> LinesQuery:
        return LinesQuery(**data)


class ImportLineSchema(Schema):
    """What has become of an entry of a calendar file, or of an event that has left its source.

    The members of the event stand beside these, if there is one.
    """

    id = fields.UUID(allow_none=True)
    name = fields.String()
    outcome = fields.String(metadata={"enum": list(OUTCOMES)})
    uid = fields.String(allow_none=True)
    recurrence_id = fields.String(allow_none=True)
    line = fields.Integer(allow_none=True, metadata={"description": "Of the file, from 1."})
    reason = fields.String(allow_none=True)
    remarks = fields.List(fields.String())


class ImportJobSchema(Schema):
    """An import in the background."""

    id = fields.UUID()
    status = fields.String(metadata={"enum": list(STATUSES)})
    source = fields.String(allow_none=True)
    dry_run = fields.Boolean()
    atomic = fields.Boolean()
    phase = fields.String(metadata={"enum": ["checking", "writing", "ending"]})
    total = fields.Integer(metadata={"description": "Entries of the file."})
    done = fields.Integer(metadata={"description": "Of these, in this phase."})
    made = fields.Integer()
    updated = fields.Integer()
    unchanged = fields.Integer()
    cancelled = fields.Integer()
    refused = fields.Integer()
    created_at = fields.String(metadata=TIME)
    updated_at = fields.String(metadata=TIME)
    ended_at = fields.String(allow_none=True, metadata=TIME)
    reason = fields.String(allow_none=True, metadata={"description": "Why it was ended so."})
