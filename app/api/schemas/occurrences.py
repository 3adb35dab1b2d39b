"""Occurrences in answers; documentation only, ``app.api.schemas.representations`` writes them."""

from __future__ import annotations

from marshmallow import Schema, fields

from app.api.schemas.base import SOMETIMES, TIME
from app.domain.occurrence import OccurrenceStatus


def _time(description: str) -> fields.String:
    return fields.String(allow_none=True, metadata={**TIME, "description": description})


class OccurrenceSchema(Schema):
    """One firing of an event; what is not known yet is null."""

    id = fields.UUID(metadata={"description": "Also the webhook-id of every attempt."})
    occurrence_id = fields.UUID(metadata={"description": "The same as id."})
    event_id = fields.UUID()
    scheduled_at = fields.String(metadata=TIME)
    status = fields.Enum(OccurrenceStatus, by_value=True)
    attempt_count = fields.Integer()
    timestamp = _time("When it last changed; at first, when it was planned.")
    status_code = fields.Integer(allow_none=True)
    response_body = fields.String(
        allow_none=True, metadata={"description": "The first 4 KiB of the receiver's answer."}
    )
    error_message = fields.String(allow_none=True)
    started_at = _time("The first attempt began; while it is under way, when a worker took it on.")
    completed_at = _time("The end.")
    planned_at = _time("When the first attempt was planned: scheduled_at, or later by jitter.")
    callback_of = fields.UUID(
        allow_none=True,
        metadata={"description": "The occurrence of whose end it tells, if it is a callback."},
    )
    ack_deadline_at = _time("Until when its receiver may acknowledge it, while it has to.")
    next_attempt_at = _time("The next attempt, while there is one to come.")
    deferral_count = fields.Integer(
        metadata={"description": "How often the last attempt was put off; it is no attempt."}
    )
    deferral_reason = fields.String(allow_none=True)


def _took(description: str) -> fields.Float:
    return fields.Float(allow_none=True, metadata={"description": description})


class AttemptSchema(Schema):
    """One attempt; what was not reached or not needed is null. Durations are milliseconds."""

    number = fields.Integer(metadata={"description": "As in the webhook's body, from 1."})
    due_at = fields.String(metadata=TIME)
    claimed_at = _time("A worker took it on; not before due_at.")
    started_at = fields.String(metadata={**TIME, "description": "The request began."})
    first_byte_at = _time("The answer began.")
    completed_at = fields.String(metadata={**TIME, "description": "The attempt was over."})
    lateness_ms = fields.Float(metadata={"description": "From due_at to started_at."})
    dns_ms = _took("The name was looked up; null on a connection that was open already.")
    connect_ms = _took("The connection was made.")
    tls_ms = _took("TLS was agreed on.")
    took_ms = fields.Float(metadata={"description": "From started_at to completed_at."})
    status_code = fields.Integer(allow_none=True)
    error_message = fields.String(allow_none=True)


class PaginationSchema(Schema):
    """Where a page stands among all."""

    page = fields.Integer()
    limit = fields.Integer()
    total = fields.Integer()
    total_is_exact = fields.Boolean(
        metadata={
            "description": "false: there are at least so many. Else it is not there.",
            **SOMETIMES,
        }
    )


class OccurrencePageSchema(Schema):
    """A page of occurrences, newest scheduled first."""

    data = fields.List(fields.Nested(OccurrenceSchema))
    pagination = fields.Nested(PaginationSchema)
