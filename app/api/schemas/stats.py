"""DeliveryFigures of deliveries in queries and answers."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from app.api.http.answers import json_text
from app.api.schemas.base import TIME, StrictSchema, check_order
from app.api.schemas.fields import Choice, Instant, TagName, Text
from app.api.schemas.list_fields import Words
from app.api.schemas.queries import Whole
from app.domain.stats import OUTCOMES, SUCCEEDED, DeliveryFigures, Quantiles
from app.domain.times import to_rfc3339
from app.services.stats import GROUPS, Stats, StatsQuery
from app.store.stats_keys import STEPS

_STEP = {
    "description": "The finest of which there are at most 750 and none that is gone already, "
    "if it is left out. Minutes are kept for a day, hours for a month, days for a year."
}
_SECONDS = {
    "description": "Seconds, at most so many: the bound of a histogram's bucket. "
    "Null if there was nothing, or if it is more than a day."
}


class StatsQuerySchema(StrictSchema):
    """What to add up."""

    from_ms = Instant(data_key="from", metadata={"description": "Or an hour before to."})
    to_ms = Instant(data_key="to", metadata={"description": "Or now."})
    step = Choice(list(STEPS), metadata=_STEP)
    group_by = Choice(GROUPS, metadata={"description": "What to tell groups apart by."})
    tag = TagName(metadata={"description": "What bears this tag."})
    target = Text(
        1,
        300,
        metadata={
            "description": "Scheme, host and port of a target, or q: and a client's name.",
            "example": "https://example.com:443",
        },
    )
    status = Words(OUTCOMES)
    limit = Whole(1, 200, 20, "How many groups to tell apart, the largest.")

    @post_load
    def _as_query(self, data: dict[str, Any], **_kwargs: Any) -> StatsQuery:
        check_order(data)
        statuses = data.pop("status", "")
        return StatsQuery(**data, statuses=statuses.split(",") if statuses else ())


class AttemptFiguresSchema(Schema):
    """Attempts."""

    total = fields.Integer()
    succeeded = fields.Integer()
    failed = fields.Integer()
    by_status_code = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={
            "description": "By the class of the answer's status code, none for no answer.",
            "example": {"2xx": 990, "5xx": 8, "none": 2},
        },
    )


class OutcomeFiguresSchema(Schema):
    """What occurrences became: how often each was recorded."""

    completed = fields.Integer()
    retrying = fields.Integer(metadata={"description": "An attempt failed, another follows."})
    dispatched = fields.Integer(metadata={"description": "The receiver will acknowledge."})
    failed = fields.Integer()
    missed = fields.Integer()
    skipped = fields.Integer()
    cancelled = fields.Integer()


class QuantilesSchema(Schema):
    """How a measure is distributed."""

    count = fields.Integer(metadata={"description": "How many were measured."})
    p50 = fields.Float(allow_none=True, metadata=_SECONDS)
    p99 = fields.Float(allow_none=True, metadata=_SECONDS)


class FiguresSchema(Schema):
    """DeliveryFigures."""

    attempts = fields.Nested(AttemptFiguresSchema)
    outcomes = fields.Nested(OutcomeFiguresSchema)
    lateness = fields.Nested(
        QuantilesSchema, metadata={"description": "From the due time to the first attempt."}
    )
    receiver = fields.Nested(
        QuantilesSchema,
        metadata={"description": "What attempts took that were answered, to the answer's end."},
    )


class StepFiguresSchema(FiguresSchema):
    """DeliveryFigures of one step."""

    from_ = fields.String(data_key="from", metadata=TIME)


class GroupFiguresSchema(FiguresSchema):
    """DeliveryFigures of one group."""

    name = fields.String(
        allow_none=True, metadata={"description": "Null: all that is in no other group."}
    )


class StatsSchema(Schema):
    """DeliveryFigures of deliveries."""

    from_ = fields.String(data_key="from", metadata=TIME)
    to = fields.String(metadata=TIME)
    step = fields.String(metadata={"enum": list(STEPS)})
    group_by = fields.String(allow_none=True, metadata={"enum": list(GROUPS)})
    total = fields.Nested(FiguresSchema)
    groups = fields.List(
        fields.Nested(GroupFiguresSchema), metadata={"description": "The largest first."}
    )
    series = fields.List(
        fields.Nested(StepFiguresSchema),
        metadata={"description": "By time; a step in which nothing was recorded is left out."},
    )


def stats_text(found: Stats, group_by: str | None) -> str:
    """Return figures as JSON."""
    return json_text(
        {
            "from": to_rfc3339(found.first_ms),
            "to": to_rfc3339(found.end_ms),
            "step": found.step,
            "group_by": group_by,
            "total": figures_members(found.total),
            "groups": [{"name": name, **figures_members(one)} for name, one in found.groups],
            "series": [
                {"from": to_rfc3339(at_ms), **figures_members(one)} for at_ms, one in found.series
            ],
        }
    )


def figures_members(figures: DeliveryFigures) -> dict[str, Any]:
    """The members of figures."""
    succeeded, total = figures.attempts(SUCCEEDED), figures.attempts()
    return {
        "attempts": {
            "total": total,
            "succeeded": succeeded,
            "failed": total - succeeded,
            "by_status_code": dict(figures.by_class()),
        },
        "outcomes": {outcome: figures.outcomes[outcome] for outcome in OUTCOMES},
        "lateness": _quantiles(figures.lateness()),
        "receiver": _quantiles(figures.receiver()),
    }


def _quantiles(one: Quantiles) -> dict[str, Any]:
    return {"count": one.size, "p50": _seconds(one.p50_ms), "p99": _seconds(one.p99_ms)}


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
