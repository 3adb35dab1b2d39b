"""The audit log in queries and answers."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from app.api.schemas.base import SOMETIMES, TIME, StrictSchema
from app.api.schemas.fields import Text
from app.api.schemas.queries import cursor_field, limit_field
from app.services.audit import AuditQuery


def _state(description: str) -> fields.Raw:
    return fields.Raw(metadata={"description": description})


class AuditEntrySchema(Schema):
    """One change; each entry has the hash of the one before, so that none can be taken out."""

    seq = fields.Integer(metadata={"description": "Its number, from 1, without gaps."})
    at = fields.String(metadata=TIME)
    actor = fields.String(metadata={"description": "The token's sub, or 'master token'."})
    token = fields.String(allow_none=True, metadata={"description": "The token's jti."})
    address = fields.String(allow_none=True)
    action = fields.String(metadata={"example": "event.update"})
    object = fields.String(allow_none=True, metadata={"description": "The id of what changed."})
    before = _state("Its state before.")
    after = _state('The answer to the change. What is long is a hash: {"sha256": …, "bytes": …}.')
    outcome = fields.String(
        metadata={
            "description": "Present and 'unknown' if the service or its store ended before it was "
            "known whether the change was made.",
            **SOMETIMES,
        }
    )
    request = fields.String(metadata={"description": "The answer's X-Request-Id."})
    prev = fields.String(metadata={"description": "The hash of the entry before."})
    hash = fields.String(metadata={"description": "SHA-256 of prev and this entry."})


class AuditQuerySchema(StrictSchema):
    """Which entries to list."""

    object = Text(1, 255, metadata={"description": "The id of what changed."})
    action = Text(1, 64)
    actor = Text(1, 255)
    limit = limit_field()
    cursor = cursor_field()

    @post_load
    def _as_query(self, data: dict[str, Any], **_kwargs: Any) -> AuditQuery:
        return AuditQuery(**data)
