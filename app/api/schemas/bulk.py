"""One action on many events, in requests and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validates_schema

from app.api.http.answers import json_text
from app.api.schemas.base import SOMETIMES, TIME, StrictSchema, check_order
from app.api.schemas.fields import Choice, Flag, Instant, TagList, Text, judged
from app.api.schemas.list_fields import HostName, MetadataMembers, Words
from app.api.schemas.representations import time_text
from app.api.schemas.tags import read_tag
from app.domain.bulk_job import STATUS_OF, BulkAction, BulkFilter, BulkJob, BulkRequest
from app.domain.event import EventStatus
from app.domain.ids import to_text
from app.domain.pause import Pause
from app.domain.tag_expressions import read_expression
from app.domain.times import to_rfc3339
from app.services.bulk_jobs import BulkCount

_STATUSES = ["running", "completed", "stopped", "cancelled"]
_EVENT_STATUSES = [one.value for one in EventStatus]
_OBJECT = 'must be an object, as in {{"tags": ["billing"]}}'  # the library formats it
_EMPTY = 'is empty: say which events, as in {"tags": ["billing"]}, or {"all": true} for every one'
_ONLY_WITH = {
    "add_tags": ("add_tags", BulkAction.RETAG),
    "remove_tags": ("remove_tags", BulkAction.RETAG),
    "until": ("until_ms", BulkAction.PAUSE),
    "note": ("note", BulkAction.PAUSE),
}
"""Members that are for one action alone, by their names: the key, and the action."""

_NO_FILTERS = ("match", "all")


class BulkFilterSchema(StrictSchema):
    """Which events, as in GET /events; every event only if all is true."""

    tags = TagList(metadata=SOMETIMES)
    match = Choice(["any", "all"], metadata={"default": "any", **SOMETIMES})
    expression = Text(
        1,
        2_000,
        metadata={
            "description": "Tags with AND, OR, NOT and parentheses.",
            "example": "billing AND NOT test",
            **SOMETIMES,
        },
    )
    status = Words(_EVENT_STATUSES, metadata=SOMETIMES)
    name = Text(1, 255, metadata={"description": "The whole name.", **SOMETIMES})
    name_prefix = Text(1, 255, metadata={"description": "What the name begins with.", **SOMETIMES})
    target_host = HostName(
        1, 255, metadata={"description": "The host of the webhook's URL.", **SOMETIMES}
    )
    metadata = MetadataMembers(
        metadata={
            "description": "A member of the metadata and its value; several between commas.",
            **SOMETIMES,
        }
    )
    created_from_ms = Instant(data_key="created_from", metadata=SOMETIMES)
    created_to_ms = Instant(data_key="created_to", metadata=SOMETIMES)
    all = Flag(metadata={"description": "Every event; nothing else beside it.", **SOMETIMES})

    @pre_load
    def _says_something(self, data: Any, **_kwargs: Any) -> Any:
        if isinstance(data, dict):
            others = data.keys() - set(_NO_FILTERS)
            if data.get("all") is True and (others or data.get("match", "any") != "any"):
                raise ValidationError("must be left out beside other filters", "all")
            if data.get("all") is not True and not others:
                raise ValidationError(_EMPTY)
        return data

    @post_load
    def _as_filter(self, data: dict[str, Any], **_kwargs: Any) -> BulkFilter:
        data.pop("all", None)
        if "tags" in data and not data["tags"]:
            raise ValidationError("must hold at least one tag, or be left out", "tags")
        if "tags" in data and "expression" in data:
            raise ValidationError("must be left out beside tags", "expression")
        if data.get("match") == "all" and "tags" not in data:
            raise ValidationError("goes with tags; leave it out", "match")
        if "name" in data and "name_prefix" in data:
            raise ValidationError("must be left out beside name", "name_prefix")
        check_order(data, "created_from", "created_to")
        is_every_status = set(data.get("status", "").split(",")) == set(_EVENT_STATUSES)
        if is_every_status and len(data) == 1:
            raise ValidationError('means every event: say so with {"all": true}', "status")
        if "expression" in data:
            text = data["expression"]
            try:
                data["clauses"] = judged(lambda: read_expression(text, read_tag))
            except ValidationError as error:
                raise ValidationError(error.messages, "expression") from None
        return BulkFilter(match_all=data.pop("match", "any") == "all", **data)


@dataclass(frozen=True, slots=True)
class BulkWish:
    """A request for a job, and whether only to count."""

    request: BulkRequest
    dry_run: bool


class BulkSchema(StrictSchema):
    """What to do, and to which events."""

    action = Choice([one.value for one in BulkAction], required=True)
    filter = fields.Nested(
        BulkFilterSchema,
        required=True,
        error_messages={"required": "is required", "null": _OBJECT, "type": _OBJECT},
    )
    add_tags = TagList(metadata={"description": "With retag: tags to give.", **SOMETIMES})
    remove_tags = TagList(metadata={"description": "With retag: tags to take.", **SOMETIMES})
    until_ms = Instant(
        data_key="until",
        allow_none=True,
        metadata={"description": "With pause: until when; left out, for good.", **SOMETIMES},
    )
    note = Text(1, 500, allow_none=True, metadata={"description": "With pause: why.", **SOMETIMES})
    dry_run = Flag(load_default=False, metadata={"description": "Only count, and name some: 200."})

    @validates_schema(skip_on_field_errors=True)
    def _fits_together(self, data: dict[str, Any], **_kwargs: Any) -> None:
        add, remove = set(data.get("add_tags", ())), set(data.get("remove_tags", ()))
        for name, (key, action) in _ONLY_WITH.items():
            if data["action"] != action and data.get(key):
                raise ValidationError(f"goes with the action {action}; leave it out", name)
        if data["action"] == BulkAction.RETAG and not add | remove:
            raise ValidationError("is required, or remove_tags", "add_tags")
        if add & remove:
            raise ValidationError("must not name what is to be added", "remove_tags")
        only, status = STATUS_OF.get(BulkAction(data["action"])), data["filter"].status
        if only is not None and status is not None and only.value not in status.split(","):
            raise ValidationError(
                {"filter": {"status": [f"must be {only.value}: {data['action']} is for those"]}}
            )

    @post_load
    def _as_wish(self, data: dict[str, Any], **_kwargs: Any) -> BulkWish:
        request = BulkRequest(
            BulkAction(data["action"]),
            data["filter"],
            data.get("add_tags", ()),
            data.get("remove_tags", ()),
            Pause(data.get("until_ms"), data.get("note")),
        )
        return BulkWish(request, data["dry_run"])


def _number(description: str) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description})


class BulkEventSchema(Schema):
    """An event by its id and its name."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)


class BulkCountSchema(Schema):
    """Which events a job would be about."""

    count = _number("How many.")
    count_is_exact = fields.Boolean(
        required=True, metadata={"description": "If not, there are at least so many."}
    )
    sample = fields.List(
        fields.Nested(BulkEventSchema),
        required=True,
        metadata={"description": "The newest of them, at most 10."},
    )
    dry_run = fields.Boolean(required=True)


class BulkErrorSchema(Schema):
    """An event that could not be changed, and why."""

    id = fields.UUID(required=True)
    error = fields.String(required=True)


class BulkJobSchema(Schema):
    """One action on many events, in the background."""

    id = fields.UUID(required=True)
    status = fields.String(required=True, metadata={"enum": _STATUSES})
    action = fields.String(required=True, metadata={"enum": [one.value for one in BulkAction]})
    filter = fields.Nested(BulkFilterSchema, required=True)
    add_tags = fields.List(fields.String(), metadata=SOMETIMES)
    remove_tags = fields.List(fields.String(), metadata=SOMETIMES)
    until = fields.String(metadata={**TIME, **SOMETIMES})
    note = fields.String(metadata=SOMETIMES)
    total = _number("How many events there were when it began.")
    total_is_exact = fields.Boolean(
        required=True, metadata={"description": "If not, there were at least so many."}
    )
    done = _number("Events that are as was asked.")
    left_alone = _number("Events that were no longer what the filter means at their turn.")
    refused = _number("Events that could not be changed.")
    errors = fields.List(
        fields.Nested(BulkErrorSchema),
        required=True,
        metadata={"description": "Why, of the first 20 of these."},
    )
    created_at = fields.String(required=True, metadata=TIME)
    updated_at = fields.String(required=True, metadata=TIME)
    ended_at = fields.String(required=True, allow_none=True, metadata=TIME)
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it was stopped."}
    )


def count_text(count: BulkCount) -> str:
    """Return what a dry run found as JSON."""
    return json_text(
        {
            "count": count.total.number,
            "count_is_exact": count.total.is_exact,
            "sample": [{"id": to_text(one.id), "name": one.name} for one in count.sample],
            "dry_run": True,
        }
    )


def bulk_text(job: BulkJob) -> str:
    """Return a bulk job as JSON."""
    request = job.request
    tags = {"add_tags": list(request.add), "remove_tags": list(request.remove)}
    pause = {"until": time_text(request.pause.until_ms), "note": request.pause.note}
    return json_text(
        {
            "id": to_text(job.id),
            "status": job.status,
            "action": request.action.value,
            "filter": _filter_members(request.filter),
            **{name: value for name, value in (tags | pause).items() if value},
            "total": job.total,
            "total_is_exact": job.is_total_exact,
            "done": job.done,
            "left_alone": job.left_alone,
            "refused": job.refused,
            "errors": [{"id": one, "error": reason} for one, reason in job.refusals],
            "created_at": to_rfc3339(job.created_ms),
            "updated_at": to_rfc3339(job.updated_ms),
            "ended_at": time_text(job.ended_ms),
            "reason": job.reason,
        }
    )


def _filter_members(chosen: BulkFilter) -> dict[str, Any]:
    """The filter as it was given."""
    members = {
        "tags": list(chosen.tags),
        "match": ("all" if chosen.match_all else "any") if chosen.tags else None,
        "expression": chosen.expression,
        "status": chosen.status,
        "name": chosen.name,
        "name_prefix": chosen.name_prefix,
        "target_host": chosen.target_host,
        "metadata": ",".join(f"{name}:{value}" for name, value in chosen.metadata),
        "created_from": time_text(chosen.created_from_ms),
        "created_to": time_text(chosen.created_to_ms),
    }
    return {name: value for name, value in members.items() if value} or {"all": True}
