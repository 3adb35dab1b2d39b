"""What a receiver says of a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import post_load

from app.api.schemas.base import StrictSchema
from app.api.schemas.fields import Flag, Text

_TOKEN = {
    "description": "The delivery's Qhronos-Ack-Token, unless the Authorization header has it."
}


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a receiver reports, and the token that lets it."""

    token: str | None = None
    error: str | None = None
    retry: bool = True


class AckSchema(StrictSchema):
    """That the work is done."""

    token = Text(1, 256, load_only=True, metadata=_TOKEN)

    @post_load
    def _as_acknowledgement(self, data: dict[str, Any], **_kwargs: Any) -> Acknowledgement:
        return Acknowledgement(**data)


class NackSchema(AckSchema):
    """That the work has failed."""

    error = Text(
        1, 500, load_only=True, metadata={"description": "Why; the occurrence's error_message."}
    )
    retry = Flag(
        load_only=True,
        metadata={"description": "false: do not try again, whatever the policy.", "default": True},
    )
