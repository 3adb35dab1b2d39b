"""Events in requests and answers."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from app.api.http import json_body
from app.api.schemas.base import (
    DURATION,
    NULL_TOO,
    SOMETIMES,
    TIME,
    EditableSchema,
    StrictSchema,
    required,
)
from app.api.schemas.delivery import (
    ACK_TIMEOUT,
    ACTION,
    EXPECT,
    FLOW,
    FORMAT,
    ORDER,
    RETRY,
)
from app.api.schemas.event_changes import changes_of
from app.api.schemas.event_fields import (
    AckTimeout,
    Dst,
    Expect,
    Flow,
    Headers,
    Metadata,
    Names,
    OwnKey,
    Retry,
    Secret,
    Timeout,
)
from app.api.schemas.fields import (
    Choice,
    Moment,
    Object,
    Read,
    TagList,
    Text,
    Timezone,
    Url,
    judged,
)
from app.api.schemas.readers import values_of
from app.api.schemas.schedule import (
    DST,
    JITTER,
    MISFIRE,
    NOTICE,
    NOTICES,
    ON_EXCLUDED_DAYS,
    OVERLAPPING,
    PAUSE,
    SCHEDULE,
    begins_now,
)
from app.delivery.actions import KINDS, read_action
from app.delivery.actions.websocket import NAMING, is_client
from app.delivery.cloud_events import FORMATS
from app.delivery.rendering import check_url_template
from app.domain.action import CLIENT, WEBSOCKET, JsonText
from app.domain.event import EventStatus
from app.domain.flow import ORDERS
from app.domain.options import OVERLAP
from app.domain.own_key import LONGEST
from app.domain.timetable import ON_EXCLUDED
from app.services.queries import EventChanges

_TOLD = "Where to POST when an occurrence has "


WITHIN = {
    **dict.fromkeys(("method", "body"), "action.params"),
    **dict.fromkeys(FLOW["properties"], "flow"),
    **dict.fromkeys(RETRY["properties"], "retry"),
    **dict.fromkeys(SCHEDULE["properties"], "schedule"),
}
"""What people write beside the name of an event, and where it belongs."""


class ActionField(Read):
    """``{"type": "webhook", "params": {"url": …}}``, or another kind.

    Headers are among its parameters, for who takes them out and encrypts them.
    """

    kind = ACTION
    _url = Url(1, 2_048, required=True)

    def read(self, value: Any) -> Any:
        """Return the action."""
        if not isinstance(value, dict) or not value.keys() <= {"type", "params"}:
            raise ValidationError("must be an object with type and params and nothing else")
        params = value.get("params")
        if isinstance(params, dict) and isinstance(params.get("body"), (dict, list)):
            params = {**params, "body": JsonText(json_body.write(params["body"]))}
        return judged(lambda: read_action(value.get("type"), params, self._read_url))

    def _read_url(self, name: str, value: Any) -> str:
        try:
            return str(self._url.deserialize(value))
        except ValidationError as error:
            raise ValidationError({f"params.{name}": error.messages}) from None


class ShortForm(Url):
    """The URL of a webhook, or ``q:`` and the name of a connected client."""

    kind = {**Url.kind, "format": "uri-reference"}  # noqa: RUF012

    def read(self, value: Any) -> Any:
        """Return the text."""
        if WEBSOCKET not in KINDS or not isinstance(value, str) or not value.startswith(CLIENT):
            url = super().read(value)
            judged(lambda: check_url_template(url))
            return url
        if not is_client(value.removeprefix(CLIENT)):
            raise ValidationError(f"{NAMING}, after {CLIENT}")
        return value


class EventSchema(StrictSchema):
    """An event: what to deliver, where, and when."""

    within = WITHIN

    id = fields.UUID(dump_only=True)
    key = OwnKey(
        1,
        LONGEST,
        allow_none=True,
        metadata={
            "description": "A text of your own that finds the event; one event of a scope has it. "
            "It is given when the event is created.",
            **SOMETIMES,
        },
    )
    name = Text(1, 255, required=True, metadata={"example": "invoice run"})
    description = Text(
        0, 4_096, allow_none=True, metadata={"example": "At the end of the day.", "default": ""}
    )
    start_time = Moment(
        metadata={
            "description": "RFC 3339; without an offset it is a time in the event's timezone. "
            "Needed, unless the schedule is cron or every alone, which begins now."
        },
    )
    delay = Text(
        1,
        64,
        load_only=True,
        metadata={**DURATION, "description": "Instead of start_time: how long from now."},
    )
    timezone = Timezone(
        1, 64, allow_none=True, metadata={"description": "IANA name.", "example": "Europe/Berlin"}
    )
    webhook = ShortForm(
        1,
        2_048,
        allow_none=True,
        metadata={
            "description": "The short form of action; this or action is needed. null in answers: "
            "the action has no short form.",
            **NULL_TOO,
        },
    )
    action = ActionField()
    metadata = Metadata(
        allow_none=True,
        metadata={
            "description": "Delivered as given; at most 64 KiB.",
            "default": {},
            "additionalProperties": True,
            "example": {"customer": 17},
        },
    )
    schedule = Object(allow_none=True, metadata={**SCHEDULE, **NULL_TOO})
    dst = Dst(allow_none=True, metadata={**DST, **SOMETIMES})
    calendars = Names(allow_none=True, metadata=SOMETIMES)
    on_excluded = Choice(ON_EXCLUDED, allow_none=True, metadata=ON_EXCLUDED_DAYS)
    jitter = Text(1, 64, allow_none=True, metadata={**JITTER, **SOMETIMES})
    misfire = Object(allow_none=True, metadata={**MISFIRE, **SOMETIMES})
    overlap = Choice(OVERLAP, allow_none=True, metadata={**OVERLAPPING, **SOMETIMES})
    pause = fields.Raw(dump_only=True, metadata={**PAUSE, **SOMETIMES})
    notices = fields.List(
        fields.Raw(metadata=NOTICE), dump_only=True, metadata={**NOTICES, **SOMETIMES}
    )
    tags = TagList(allow_none=True, metadata={"default": []})
    status = Choice(
        [status.value for status in EventStatus], metadata={"default": EventStatus.ACTIVE.value}
    )
    created_at = fields.String(dump_only=True, metadata=TIME)
    updated_at = fields.String(dump_only=True, metadata=TIME)
    next_occurrence_at = fields.String(dump_only=True, allow_none=True, metadata=TIME)
    retry = Retry(allow_none=True, metadata={**RETRY, **SOMETIMES})
    flow = Flow(allow_none=True, metadata={**FLOW, **SOMETIMES})
    order = Choice(ORDERS, allow_none=True, metadata={**ORDER, **SOMETIMES})
    timeout = Timeout(
        1, 64, allow_none=True, metadata={"description": "From 100ms to 5m.", **SOMETIMES}
    )
    expect = Expect(allow_none=True, metadata={**EXPECT, **SOMETIMES})
    format = Choice(FORMATS, allow_none=True, metadata={**FORMAT, **SOMETIMES})
    headers = Headers(
        allow_none=True,
        metadata={
            "description": "Sent with every delivery. Answers mask the values; *** sent back keeps "
            "what is stored.",
            **SOMETIMES,
        },
    )
    on_success = Url(
        1, 2_048, allow_none=True, metadata={"description": _TOLD + "completed.", **SOMETIMES}
    )
    on_failure = Url(
        1, 2_048, allow_none=True, metadata={"description": _TOLD + "failed.", **SOMETIMES}
    )
    ack_timeout = AckTimeout(1, 64, allow_none=True, metadata={**ACK_TIMEOUT, **SOMETIMES})
    hmac_secret = Secret(
        1,
        512,
        allow_none=True,
        load_only=True,
        metadata={
            "description": "Signs deliveries; base64 after whsec_, else text.",
            "example": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        },
    )
    has_hmac_secret = fields.Boolean(dump_only=True)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _check_what_is_needed(
        self, _data: Any, given: Mapping[str, Any], *, partial: bool, **_kwargs: Any
    ) -> None:
        """Of all that is missing, one answer tells."""
        if partial:
            return
        if missing := missing_of(given):
            raise required(*missing)

    @post_load
    def _as_changes(self, data: dict[str, Any], **_kwargs: Any) -> EventChanges:
        return changes_of(data, is_new=not self.partial)

    @classmethod
    def read(cls, given: Mapping[str, Any], *, explains: bool = True) -> EventChanges:
        """Return what a request says of an event; raises ``ValidationError``.

        A new one is read field by field, which takes half the time. If anything is wrong, it is
        read once more as other bodies are, and all of it is told.
        """
        if cls is EventSchema and not missing_of(given):
            with contextlib.suppress(ValidationError):
                if (values := values_of(cls, given)) is not None:
                    return changes_of(values, is_new=True)
        changes: EventChanges = super().read(given, explains=explains)
        return changes


def missing_of(given: Mapping[str, Any]) -> list[str]:
    """What a new event needs beside its name, and has not been given."""
    missing = [] if {"start_time", "delay"} & given.keys() or begins_now(given) else ["start_time"]
    return missing if {"webhook", "action"} & given.keys() else [*missing, "webhook"]


class EventUpdateSchema(EditableSchema, EventSchema):
    """Changes to an event; what is left out stays, and read-only fields are ignored."""

    def __init__(self, **options: Any) -> None:
        super().__init__(partial=True, **options)
