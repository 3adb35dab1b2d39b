"""Flows in requests and answers."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from app.api.schemas.base import NULL_TOO, StrictSchema
from app.api.schemas.delivery import FLOW_LIMITS
from app.api.schemas.fields import Choice, JsonValue, Text
from app.domain.flow import ORDERS


class FlowSchema(StrictSchema):
    """A flow: deliveries that share limits on how fast and how many at once they are sent."""

    key = fields.String(dump_only=True, metadata={"example": "acme"})
    space = fields.String(
        dump_only=True,
        metadata={"description": "Whose it is: empty for admins, else one for each scope."},
    )
    rate = JsonValue(allow_none=True, metadata={**FLOW_LIMITS["rate"], **NULL_TOO})
    burst = JsonValue(allow_none=True, metadata={**FLOW_LIMITS["burst"], **NULL_TOO})
    concurrency = JsonValue(allow_none=True, metadata={**FLOW_LIMITS["concurrency"], **NULL_TOO})
    order = Choice(ORDERS)
    paused = fields.Boolean(dump_only=True)
    set_by = fields.String(
        dump_only=True,
        metadata={
            "enum": ["events", "user"],
            "description": "Once a user has set limits here, events can no longer change them.",
        },
    )
    waiting = fields.Integer(
        dump_only=True, metadata={"description": "Occurrences that are due and wait for it."}
    )
    in_flight = fields.Integer(dump_only=True, metadata={"description": "Attempts under way."})
    events = fields.Integer(dump_only=True, metadata={"description": "Events that are in it."})


class FlowQuerySchema(StrictSchema):
    """Which of several flows with one key."""

    space = Text(
        1, 16, metadata={"description": "Another scope's, for admins; by default your own."}
    )

    @post_load
    def _as_space(self, data: dict[str, Any], **_kwargs: Any) -> str | None:
        return data.get("space")
