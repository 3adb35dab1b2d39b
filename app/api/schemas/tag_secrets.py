"""Signing secrets of tags in answers; in requests they are rotations like those of events."""

from __future__ import annotations

from marshmallow import Schema, fields

from app.api.schemas.base import SOMETIMES, TIME


class TagSecretSchema(Schema):
    """A tag that has a signing secret; the secret is never shown again."""

    tag = fields.String(required=True)
    updated_at = fields.String(required=True, metadata=TIME)


class TagSecretWrittenSchema(TagSecretSchema):
    """What became of a write."""

    secret = fields.String(
        metadata={
            "description": "The secret, if it was made here; it is never shown again.",
            **SOMETIMES,
        }
    )
    previous_until = fields.String(
        required=True,
        metadata={**TIME, "description": "Until then what signed before signs beside it."},
    )
