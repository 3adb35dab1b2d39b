"""Tokens in requests and answers."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load

from app.api.context import services
from app.api.credentials import LONGEST_MS, Grant
from app.api.fields import Choice, Instant, TagList, Text
from app.api.schemas.base import StrictSchema
from app.domain.access import LEVELS


class TokenSchema(StrictSchema):
    """A token: who may do what to which tags, and until when."""

    token = fields.String(dump_only=True)
    type = Choice(["jwt"], required=True)
    sub = Text(1, 255, required=True, metadata={"description": "Whom the token is for."})
    access = Choice(LEVELS, required=True)
    scope = TagList(
        required=True,
        metadata={"description": "Tags that it may touch; may be empty for admin alone."},
    )
    expires_at = Instant(
        required=True,
        metadata={
            "description": "In the future, at most ten years ahead; cut to whole seconds.",
        },
    )

    @post_load
    def _as_grant(self, data: dict[str, Any], **_kwargs: Any) -> Grant:
        now = services().clock.now_ms()
        expires_ms = data["expires_at"] // 1000 * 1000
        if expires_ms <= now:
            raise ValidationError("must be in the future", "expires_at")
        if expires_ms > now + LONGEST_MS:
            raise ValidationError("must be at most ten years ahead", "expires_at")
        if not data["scope"] and data["access"] != "admin":
            raise ValidationError("must name at least one tag, unless access is admin", "scope")
        return Grant(data["sub"], data["access"], data["scope"], expires_ms)
