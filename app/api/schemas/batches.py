"""Many events in one request, and what becomes of each."""

from __future__ import annotations

from typing import Any, NamedTuple

from marshmallow import Schema, ValidationError, fields, post_load

from app.api.schemas.base import SOMETIMES, StrictSchema
from app.api.schemas.errors import ErrorAnswerSchema
from app.api.schemas.fields import Flag, Read
from app.services.event_batch import MOST


class Batch(NamedTuple):
    """The events of a request, each unread, and whether all or none are to be created."""

    events: list[Any]
    atomic: bool


class Events(Read):
    """A list of events, which are read one by one: what is wrong with one is its own."""

    kind = {"type": "array", "minItems": 1, "maxItems": MOST}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return the list as it is."""
        if not isinstance(value, list) or not 1 <= len(value) <= MOST:
            raise ValidationError(f"must be a list of 1 to {MOST} events")
        return value


class BatchSchema(StrictSchema):
    """Events to create."""

    events = Events(
        required=True,
        metadata={
            "description": "Each as for POST /events.",
            "items": {"type": "object", "additionalProperties": True},
            "example": [{"name": "a", "delay": "30m", "webhook": "https://example.com/hook"}],
        },
    )
    atomic = Flag(load_default=False, metadata={"description": "Create all of them or none."})

    @post_load
    def _as_batch(self, data: dict[str, Any], **_kwargs: Any) -> Batch:
        return Batch(**data)


class BatchResultSchema(Schema):
    """What has become of an event of a batch."""

    index = fields.Integer(
        required=True, metadata={"description": "Which one of the request, from 0."}
    )
    status = fields.Integer(
        required=True, metadata={"description": "As POST /events would answer."}
    )
    id = fields.UUID(metadata=SOMETIMES)
    location = fields.String(metadata={**SOMETIMES, "format": "uri"})
    error = fields.String(metadata=SOMETIMES)
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        data_key="fields",
        metadata=SOMETIMES,
    )


class BatchAnswerSchema(Schema):
    """What has become of a batch."""

    created = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    results = fields.List(fields.Nested(BatchResultSchema), required=True)


class BatchRefusedSchema(ErrorAnswerSchema):
    """Why nothing of a batch is created."""

    results = fields.List(
        fields.Nested(BatchResultSchema),
        metadata={"description": "What is wrong with each event that is refused.", **SOMETIMES},
    )
