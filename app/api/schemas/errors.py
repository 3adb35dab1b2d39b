"""What every error looks like; documentation only, ``app.api.http.errors`` writes it."""

from __future__ import annotations

from marshmallow import Schema, fields

from app.api.schemas.base import SOMETIMES


class ErrorAnswerSchema(Schema):
    """The answer to whatever could not be done."""

    error = fields.String(
        required=True,
        metadata={
            "description": "One sentence that says what to change.",
            "example": "webhook: is required",
        },
    )
    fields_ = fields.Dict(
        data_key="fields",
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={
            "description": "What is wrong, by the dotted path of each field.",
            "example": {"schedule.interval": ["must be a whole number from 1 to 10000"]},
            **SOMETIMES,
        },
    )
