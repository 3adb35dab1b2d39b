"""Rotation of signing secrets in requests and answers."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from app.api.schemas.base import DURATION, SOMETIMES, TIME, StrictSchema
from app.api.schemas.event_fields import Secret
from app.api.schemas.fields import Text, judged
from app.domain.durations import parse_duration_ms
from app.services.secret_rotation import Rotation

MAX_OVERLAP_MS = 30 * 86_400_000
_MADE = {"description": "The new secret, if it was made here; it is never shown again."}
_UNTIL = {**TIME, "description": "Until then the old one signs beside it."}


class Overlap(Text):
    """For how long the old secret goes on signing."""

    kind = {**DURATION, "example": "24h"}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return milliseconds."""
        text = super().read(value)
        overlap_ms = judged(lambda: parse_duration_ms(text))
        if overlap_ms > MAX_OVERLAP_MS:
            raise ValidationError("must be at most 30d")
        return overlap_ms


class RotationSchema(StrictSchema):
    """The new secret, if it is not to be made, and the time of both."""

    secret = Secret(1, 512, load_only=True, metadata={"description": "Left out: one is made."})
    overlap = Overlap(1, 64, load_default=86_400_000, metadata={"default": "1d"})

    @post_load
    def _as_rotation(self, data: dict[str, Any], **_kwargs: Any) -> Rotation:
        return Rotation(data.get("secret"), data["overlap"])


class RotatedSchema(Schema):
    """What became of a rotation."""

    secret = fields.String(metadata={**_MADE, **SOMETIMES})
    previous_until = fields.String(metadata=_UNTIL)


class RotatedAllSchema(RotatedSchema):
    """What became of a rotation by tag."""

    count = fields.Integer(metadata={"description": "How many events."})
