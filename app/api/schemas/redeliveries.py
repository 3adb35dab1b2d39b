"""Dead letters attempted again, in requests and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load

from app.api.schemas.base import RATE, SOMETIMES, TIME, StrictSchema, check_order
from app.api.schemas.fields import Choice, Flag, Instant, Read, TagList, Text, judged
from app.api.schemas.list_fields import Identifier
from app.domain.rates import parse_rate
from app.domain.redelivery_job import RETRYABLE, RedeliveryFilter, RedeliveryRequest

_STATUSES = ["running", "completed", "stopped", "cancelled"]
_OBJECT = 'must be an object, as in {{"tags": ["billing"]}}'  # the library formats it


class Fraction(Read):
    """A number above 0, at most 1."""

    kind = {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "example": 0.5}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise ValidationError("must be a number above 0 and at most 1")
        return float(value)


class Pace(Text):
    """How many in a second, minute or hour; kept as written."""

    kind = RATE

    def read(self, value: Any) -> Any:
        """Return the rate as text."""
        text = super().read(value)
        judged(lambda: parse_rate(text))
        return text


class RetrySchema(StrictSchema):
    """How to attempt one occurrence again."""

    webhook_id = Choice(
        ["same", "new"],
        load_default="same",
        metadata={"description": "new adds an occurrence of now, as a trigger does."},
    )

    @post_load
    def _as_flag(self, data: dict[str, Any], **_kwargs: Any) -> bool:
        return bool(data["webhook_id"] == "new")


class RetryFilterSchema(StrictSchema):
    """Which occurrences; at least one of these is needed, so that nobody means all by mistake."""

    tags = TagList(metadata=SOMETIMES)
    match = Choice(["any", "all"], load_default="any", metadata=SOMETIMES)
    event_id = Identifier(metadata=SOMETIMES)
    status = Choice(RETRYABLE, load_default="failed", metadata=SOMETIMES)
    from_ms = Instant(
        data_key="from", metadata={"description": "Scheduled then or later.", **SOMETIMES}
    )
    to_ms = Instant(
        data_key="to", metadata={"description": "Scheduled then or earlier.", **SOMETIMES}
    )

    @pre_load
    def _says_something(self, data: Any, **_kwargs: Any) -> Any:
        if data in ({}, {"match": "any"}, {"match": "all"}):
            raise ValidationError('is empty: say which, as in {"status": "failed"} for all')
        return data

    @post_load
    def _as_filter(self, data: dict[str, Any], **_kwargs: Any) -> RedeliveryFilter:
        if "tags" in data and not data["tags"]:
            raise ValidationError("must hold at least one tag, or be left out", "tags")
        check_order(data)
        return RedeliveryFilter(match_all=data.pop("match") == "all", **data)


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """A request for redeliveries, and whether only to count them."""

    request: RedeliveryRequest
    dry_run: bool


class RetryManySchema(StrictSchema):
    """Which occurrences to attempt again, and how fast."""

    filter = fields.Nested(
        RetryFilterSchema,
        required=True,
        error_messages={"required": "is required", "null": _OBJECT, "type": _OBJECT},
    )
    dry_run = Flag(load_default=False, metadata={"description": "Only count: 200."})
    order = Choice(["oldest", "newest"], load_default="oldest")
    rate = Pace(1, 16, metadata={**RATE, "description": "Left out: all at once."})
    stop_at = Fraction(
        data_key="stop_at_error_rate",
        metadata={"description": "Stop when this part fails again, judged from 20 on."},
    )

    @post_load
    def _as_request(self, data: dict[str, Any], **_kwargs: Any) -> RetryRequest:
        request = RedeliveryRequest(
            data["filter"], data["order"] == "oldest", data.get("rate"), data.get("stop_at")
        )
        return RetryRequest(request, data["dry_run"])


def _count(description: str) -> fields.Integer:
    return fields.Integer(metadata={"description": description})


class RetryCountSchema(Schema):
    """How many would be attempted again."""

    count = fields.Integer(required=True)
    dry_run = fields.Boolean(required=True)


class RetryJobSchema(Schema):
    """Many occurrences attempted again in the background."""

    id = fields.UUID()
    status = fields.String(metadata={"enum": _STATUSES})
    filter = fields.Nested(RetryFilterSchema)
    order = fields.String(metadata={"enum": ["oldest", "newest"]})
    rate = fields.String(allow_none=True, metadata=RATE)
    stop_at_error_rate = fields.Float(allow_none=True)
    total = _count("How many there were when it began; from 100,000 on a lower bound.")
    retried = _count("Handed on to be delivered.")
    completed = _count("Of these, delivered; at most 1,000 are under way at once.")
    failed = _count("Of these, whose first new attempt failed; their retry policy goes on.")
    error_rate = fields.Float(
        allow_none=True, metadata={"description": "failed of failed and completed."}
    )
    created_at = fields.String(metadata=TIME)
    updated_at = fields.String(metadata=TIME)
    ended_at = fields.String(allow_none=True, metadata=TIME)
    reason = fields.String(allow_none=True, metadata={"description": "Why it was stopped."})
