"""What a badge is asked for."""

from __future__ import annotations

from typing import Any

from marshmallow import post_load

from app.api.schemas.base import StrictSchema
from app.api.schemas.fields import Choice, Text
from app.services.badges import SHOWN, STATUS


class BadgeQuerySchema(StrictSchema):
    """What to show."""

    show = Choice(
        SHOWN,
        load_default=STATUS,
        metadata={"description": "The share that was delivered, or how late 99 % began at most."},
    )
    token = Text(1, 8_000, metadata={"description": "A token of type badge."})

    @post_load
    def _as_shown(self, data: dict[str, Any], **_kwargs: Any) -> str:
        return str(data["show"])
