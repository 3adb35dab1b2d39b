"""What every error looks like; documentation only, ``app.api.http.errors`` writes it."""

from __future__ import annotations

from marshmallow import Schema, fields


class ErrorSchema(Schema):
    """The answer to whatever could not be done."""

    error = fields.String(
        required=True, metadata={"description": "One sentence that says what to change."}
    )
    fields_ = fields.Dict(
        data_key="fields",
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "What is wrong, by the dotted path of each field."},
    )
