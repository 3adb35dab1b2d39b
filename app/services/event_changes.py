"""Applies the fields of a request to an event: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.delivery.cloud_events import METHODS, is_attribute
from app.delivery.rendering import check_rendered, has_templates, sample_facts
from app.domain.access import Access
from app.domain.action import APICALL, NO_ACTION, WEBHOOK, Action, short_form
from app.domain.definition import Definition
from app.domain.durations import parse_duration_ms
from app.domain.event import Event, EventStatus
from app.domain.flow import space_of
from app.domain.ids import created_ms as created_ms_of
from app.domain.options import OVERLAP, EventOptions
from app.domain.recurrence import Start, naive_of, named_zone, read_start
from app.domain.schedule import Schedule
from app.domain.template import IN_FACTS
from app.errors import InvalidInput
from app.services.queries import Moment

_SECRET = ("hmac_secret", "headers")
_IN_ACTIONS = IN_FACTS | {"action"}
_DEFINITION = ("name", "description", "timezone", "action", "tags", "status", *_SECRET)
_EMPTY: Mapping[str, Any] = {"description": "", "tags": (), "status": EventStatus.ACTIVE}


def blank(event_id: bytes) -> Event:
    """An event without any fields given yet."""
    created_ms = created_ms_of(event_id)
    return Event(event_id, Definition("", 0, NO_ACTION), created_ms, created_ms)


def _with_action(given: Mapping[str, Any], before: Event) -> Mapping[str, Any]:
    """The given fields with the action in full, where its short form was given.

    The short form changes the URL of a webhook and nothing else of it. The headers of a call end
    with it: they were its own.
    """
    action: Action | None = given.get("action")
    if "webhook" in given:
        given = dict(given)
        action = short_form(given.pop("webhook"))
        if action.kind == WEBHOOK == before.action.kind:
            action = before.action.with_url(action.target)
        given["action"] = action
    is_other = action is not None and action.kind != APICALL == before.action.kind
    return {**given, "headers": None} if is_other and "headers" not in given else given


def flow_of(given: Mapping[str, Any]) -> str | None:
    """The flow that an event with these fields is in; ``None``: in none."""
    if given.get("flow") is None and given.get("order") is None:
        return None
    flow = EventOptions().changed(given).flow
    return None if flow is None else flow.name(given.get("action", NO_ACTION).target)


def apply_changes(before: Event, given: Mapping[str, Any], now_ms: int) -> Event:
    """Return the event with the given fields in place; ``None`` clears.

    A cron expression that names its zone gives it to an event without one. ``delay`` (a duration)
    stands for a ``start_time`` so long after ``now_ms``. Raises
    ``InvalidInput``.
    """
    values: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for name, value in given.items():
        if name in ("start_time", "delay"):
            continue
        if name in _DEFINITION:
            values[name] = _EMPTY.get(name) if value is None else value
        elif name == "metadata":
            values["metadata_json"] = value or "{}"
        elif name == "schedule":
            values["schedule"] = _schedule(value)
        else:
            options[name] = value
    if values.get("status", before.status) is not EventStatus.PAUSED:
        options["pause"] = None
    schedule = values.get("schedule", before.schedule)
    timezone = values.get("timezone", before.definition.timezone)
    if timezone is None and schedule is not None:
        timezone = values["timezone"] = named_zone(schedule.given)
    changed_options = before.options.changed(options)
    start = _start(before, given, timezone, changed_options.dst, now_ms)
    values |= {"start_ms": start.ms, "start_wall_ms": start.wall_ms}
    return _checked(before.changed(options=changed_options, **values), start, given)


def _checked(event: Event, start: Start, given: Mapping[str, Any]) -> Event:
    if event.headers is not None and not event.action.is_http:
        raise InvalidInput.field("headers", "must be null: a client that is connected is sent none")
    is_said_anew = not given.keys().isdisjoint(_IN_ACTIONS)
    if is_said_anew and event.action.is_http and has_templates(event.action):
        said = event.name, event.definition.description, event.tags, event.metadata_json
        check_rendered(event.action, sample_facts(*said))
    if event.options.format:
        _check_format(event)
    if event.options.given.get("expect") is not None:
        _check_expect(event)
    if event.schedule is None and event.options.given.get("overlap", OVERLAP[0]) != OVERLAP[0]:
        raise InvalidInput.field("overlap", "is for events with a schedule; leave it out")
    if event.schedule is None and start.is_skipped:
        raise InvalidInput.field(
            "start_time", "is a time that the clock skips, and dst.gap is skip; change one of them"
        )
    return event


def _check_format(event: Event) -> None:
    if not event.action.is_http:
        raise InvalidInput.field("format", "is for actions that send HTTP; leave it out")
    if event.action.params.get("method", METHODS[0]) not in METHODS:
        raise InvalidInput.field(
            "format", f"needs one of the methods {', '.join(METHODS)}; leave it out for others"
        )
    for name in event.headers.names if event.headers else ():
        if is_attribute(name):
            raise InvalidInput.field(f"headers.{name}", "must not be set: format sets it itself")


def _check_expect(event: Event) -> None:
    expected = event.options.expect
    if not event.action.is_http and expected and not expected.is_default:
        raise InvalidInput.field("expect", "is for actions that send HTTP; leave it out")
    if expected and expected.text and event.action.params.get("method") == "HEAD":
        raise InvalidInput.field(
            "expect.body_contains", "must be left out: the answer to HEAD has no body"
        )


def in_space(
    given: Mapping[str, Any], access: Access, before: Event | None = None
) -> Mapping[str, Any]:
    """The given fields; if they name a flow or an order, also whose flow is meant.

    Who gives an event other tags takes it into a flow of their own: the one before may be that of
    somebody who does not see the event any more.
    """
    moves = (
        before is not None
        and "tags" in given
        and set(given["tags"] or ()) != set(before.tags)
        and before.options.flow is not None
    )
    names_flow = given.get("flow") is not None or given.get("order") is not None
    return {**given, "flow_space": space_of(access)} if names_flow or moves else given


def _without_answered_zone(given: Mapping[str, Any], before: Event) -> Mapping[str, Any]:
    """The given fields, but for the zone that is answered where none was given, sent back.

    A wall time beside it needs it.
    """
    is_answered = before.definition.timezone is None and given.get("timezone") == "UTC"
    if not is_answered or isinstance(given.get("start_time"), datetime):
        return given
    return {name: value for name, value in given.items() if name != "timezone"}


def meant(given: Mapping[str, Any], before: Event) -> Mapping[str, Any]:
    """The given fields as they are meant for an event: what is short in full, nothing answered.

    Raises ``InvalidInput`` for another key than the event has: it has that for good.
    """
    given = _without_same_key(given, before)
    return _with_action(_without_answered_zone(given, before), before)


def _without_same_key(given: Mapping[str, Any], before: Event) -> Mapping[str, Any]:
    if "key" not in given:
        return given
    if given["key"] != before.options.given.get("key"):
        raise InvalidInput.field(
            "key", "can't be changed after the event was created: leave it out"
        )
    return {name: value for name, value in given.items() if name != "key"}


def timing(event: Event) -> tuple[Any, ...]:
    """All that an event's scheduled occurrence depends on."""
    return (
        event.start_ms,
        event.definition.start_wall_ms,
        event.definition.timezone or "UTC",
        event.schedule,
        event.status,
        *event.options.planning,
    )


def _schedule(given: Mapping[str, Any] | None) -> Schedule | None:
    """The schedule; one with a frequency and no interval gets interval 1."""
    if given is not None and "frequency" in given and "interval" not in given:
        return Schedule({**given, "interval": 1})
    return None if given is None else Schedule(given)


def _delay_ms(given: Mapping[str, Any]) -> int:
    if "start_time" in given:
        raise InvalidInput.field("delay", "give either delay or start_time")
    try:
        return parse_duration_ms(given["delay"])
    except InvalidInput as error:
        raise InvalidInput.field("delay", error.message) from None


def _start(
    before: Event,
    given: Mapping[str, Any],
    timezone: str | None,
    dst: Mapping[str, Any],
    now_ms: int,
) -> Start:
    """When an event with the given fields starts.

    A wall time at which the clock changes is kept as such, and read anew when ``dst`` is changed;
    the answered ``start_time``, given back, is no other start. In another zone it is kept if it is
    the same moment there.
    """
    kept = Start(before.start_ms, before.definition.start_wall_ms)
    if "delay" in given:
        return Start(now_ms + _delay_ms(given), None)
    moment: Moment = given.get("start_time", kept.ms)
    if isinstance(moment, datetime):
        if timezone is None:
            raise InvalidInput.field(
                "start_time", "needs an offset, as in 2026-01-31T09:00:00Z, or a timezone beside it"
            )
        return read_start(moment, timezone, dst)
    if kept.wall_ms is None or moment != kept.ms or timezone is None:
        return Start(moment, None)
    there = read_start(naive_of(kept.wall_ms), timezone, dst)
    is_same = timezone == before.definition.timezone or there.ms == kept.ms
    return there if is_same else Start(kept.ms, None)
