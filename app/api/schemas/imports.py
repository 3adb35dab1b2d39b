"""Imports of calendar files, in requests and answers."""

from __future__ import annotations

from typing import Any

from marshmallow import post_load

from app.api.schemas.base import StrictSchema
from app.api.schemas.fields import Name, Text, Timezone
from app.api.schemas.queries import QueryFlag, Tags, Whole
from app.domain.imports import MAX_VEVENTS, ImportRequest


class ImportQuerySchema(StrictSchema):
    """What VEVENTs do not say of the events that are made of them, and how to import them."""

    webhook = Text(1, 2_048)
    tags = Tags(load_default=())
    timezone = Timezone(1, 64)
    source = Name(
        1,
        255,
        metadata={"description": "The feed that the file is the whole of: what has left it, ends."},
    )
    dry_run = QueryFlag(load_default=False)
    atomic = QueryFlag(load_default=False, metadata={"description": "All entries or none."})
    max_ended = Whole(0, MAX_VEVENTS, None, "How many events may end as they left the source.")

    @post_load
    def _as_request(self, data: dict[str, Any], **_kwargs: Any) -> ImportRequest:
        return ImportRequest(**data)
