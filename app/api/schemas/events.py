"""Events in requests and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from app.api.http import json_body
from app.api.schemas.base import TIME, EditableSchema, StrictSchema, required
from app.api.schemas.event_fields import (
    AckTimeout,
    Dst,
    Expect,
    Flow,
    Headers,
    Metadata,
    Names,
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
from app.api.schemas.schedule import (
    ACK_TIMEOUT,
    ACTION,
    DST,
    EXPECT,
    FLOW,
    FORMAT,
    JITTER,
    MISFIRE,
    NOTICES,
    ORDER,
    OVERLAPPING,
    PAUSE,
    RETRY,
    SCHEDULE,
    begins_now,
)
from app.delivery.actions import KINDS, read_action
from app.delivery.actions.websocket import NAMING, is_client
from app.delivery.cloud_events import FORMATS
from app.delivery.rendering import check_url_template
from app.domain.action import APICALL, CLIENT, WEBSOCKET, Action, JsonText, short_form
from app.domain.event import EventStatus
from app.domain.flow import ORDERS
from app.domain.options import OVERLAP
from app.domain.timetable import ON_EXCLUDED
from app.services.queries import EventChanges

_TOLD = "Where to POST when an occurrence has "


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

    id = fields.UUID(dump_only=True)
    name = Text(1, 255, required=True)
    description = Text(0, 4_096, allow_none=True)
    start_time = Moment(
        metadata={
            "description": "RFC 3339; without an offset it is a time in the event's timezone. "
            "Needed, but for a schedule of cron or every alone, which begins now."
        },
    )
    delay = Text(
        1,
        64,
        load_only=True,
        metadata={"description": "Instead of start_time: so long from now, as in 30m."},
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
            "the action has no short form."
        },
    )
    action = ActionField()
    metadata = Metadata(
        allow_none=True, metadata={"description": "Delivered as given; at most 64 KiB."}
    )
    schedule = Object(allow_none=True, metadata=SCHEDULE)
    dst = Dst(allow_none=True, metadata=DST)
    calendars = Names(allow_none=True)
    on_excluded = Choice(ON_EXCLUDED, allow_none=True)
    jitter = Text(1, 64, allow_none=True, metadata=JITTER)
    misfire = Object(allow_none=True, metadata=MISFIRE)
    overlap = Choice(OVERLAP, allow_none=True, metadata=OVERLAPPING)
    pause = fields.Dict(dump_only=True, metadata=PAUSE)
    notices = fields.List(fields.Dict(), dump_only=True, metadata=NOTICES)
    tags = TagList(allow_none=True)
    status = Choice([status.value for status in EventStatus])
    created_at = fields.String(dump_only=True, metadata=TIME)
    updated_at = fields.String(dump_only=True, metadata=TIME)
    next_occurrence_at = fields.String(dump_only=True, allow_none=True, metadata=TIME)
    retry = Retry(allow_none=True, metadata=RETRY)
    flow = Flow(allow_none=True, metadata=FLOW)
    order = Choice(ORDERS, allow_none=True, metadata=ORDER)
    timeout = Timeout(1, 64, allow_none=True, metadata={"description": "From 100ms to 5m."})
    format = Choice(FORMATS, allow_none=True, metadata=FORMAT)
    expect = Expect(allow_none=True, metadata=EXPECT)
    headers = Headers(
        allow_none=True,
        metadata={
            "description": "Sent with every delivery. Answers mask the values; *** sent back keeps "
            "what is stored."
        },
    )
    on_success = Url(1, 2_048, allow_none=True, metadata={"description": _TOLD + "completed."})
    on_failure = Url(1, 2_048, allow_none=True, metadata={"description": _TOLD + "failed."})
    ack_timeout = AckTimeout(1, 64, allow_none=True, metadata=ACK_TIMEOUT)
    hmac_secret = Secret(
        1,
        512,
        allow_none=True,
        load_only=True,
        metadata={"description": "Signs deliveries; base64 after whsec_, else text."},
    )
    has_hmac_secret = fields.Boolean(dump_only=True)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _check_what_is_needed(
        self, _data: Any, given: Mapping[str, Any], *, partial: bool, **_kwargs: Any
    ) -> None:
        """Of all that is missing, one answer tells."""
        if partial:
            return
        missing = (
            [] if {"start_time", "delay"} & given.keys() or begins_now(given) else ["start_time"]
        )
        if not {"webhook", "action"} & given.keys():
            missing.append("webhook")
        if missing:
            raise required(*missing)

    @post_load
    def _as_changes(self, data: dict[str, Any], **_kwargs: Any) -> EventChanges:
        has_short = "webhook" in data
        short, action = data.pop("webhook", None), data.pop("action", None)
        if action is not None:
            if short is not None and short != action.short:
                raise ValidationError("must be the short form of action, or be left out", "webhook")
            data |= _without_headers(action, data)
        elif short is not None and self.partial:
            data["webhook"] = short
        elif short is not None:
            data["action"] = short_form(short)
        elif has_short:
            raise ValidationError("must not be null", "webhook")
        if "status" in data:
            data["status"] = EventStatus(data["status"])
        return EventChanges(data)


class EventUpdateSchema(EditableSchema, EventSchema):
    """Changes to an event; what is left out stays, and read-only fields are not looked at."""

    def __init__(self, **options: Any) -> None:
        super().__init__(partial=True, **options)


def _without_headers(action: Action, data: Mapping[str, Any]) -> dict[str, Any]:
    """The action without its headers, and these as those of the event.

    Those of a call are its action's: without any, it has none.
    """
    params = dict(action.params)
    headers = params.pop("headers", None)
    changes: dict[str, Any] = {"action": action._replace(params=params)}
    if headers is None and (action.kind != APICALL or "headers" in data):
        return changes
    if "headers" in data and (data["headers"] or None) != headers:
        raise ValidationError(
            "must be the same as action.params.headers, or be left out", "headers"
        )
    return {**changes, "headers": headers}
