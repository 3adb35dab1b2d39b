"""How a schedule is documented; ``app.domain.recurrence`` is what reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.delivery.actions import KINDS
from app.domain.expectation import MAX_STATUSES, MAX_TEXT, READ_LIMIT

_BEGINS_NOW = frozenset({"cron", "every"})
"""Kinds of schedules whose times do not follow from when they begin, or only as a phase."""

_AMENDED = {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "object"}]}}
_INTEGERS = {"type": "array", "items": {"type": "integer"}}
_WHOLE = {"type": "integer", "minimum": 1}


def _described(kind: dict[str, Any], description: str) -> dict[str, Any]:
    return {**kind, "description": description}


def _or_null(properties: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same properties, where null stands for leaving one out."""
    return {
        name: {
            **kind,
            "type": [kind["type"], "null"],
            **({"enum": [*kind["enum"], None]} if "enum" in kind else {}),
        }
        for name, kind in properties.items()
    }


def begins_now(given: Mapping[str, Any]) -> bool:
    """Whether a body's schedule needs no ``start_time``: without one it begins at once."""
    schedule = given.get("schedule")
    return isinstance(schedule, Mapping) and not _BEGINS_NOW.isdisjoint(schedule)


SCHEDULE: dict[str, Any] = {
    "description": (
        "When the event repeats; left out for a one-time event. Exactly one of frequency (with "
        "its parts), rrule, cron and every; exclude and include may stand beside any of them."
    ),
    "type": "object",
    "properties": _or_null(
        {
            "frequency": {
                "type": "string",
                "enum": ["minutely", "hourly", "daily", "weekly", "monthly", "yearly"],
            },
            "interval": _described({**_WHOLE, "default": 1}, "Every so many periods."),
            "by_day": _described(
                {
                    "type": "array",
                    "items": {"type": "string", "pattern": "^[+-]?\\d{0,2}[A-Z]{2}$"},
                },
                "Weekdays MO to SU, with an ordinal as in -1FR for the last Friday.",
            ),
            "by_month_day": _described(_INTEGERS, "Days 1 to 31, or -1 to -31 from the end."),
            "by_month": _described(_INTEGERS, "Months 1 to 12."),
            "by_year_day": _described(_INTEGERS, "Days 1 to 366, or -1 to -366 from the end."),
            "by_week_no": _described(_INTEGERS, "ISO weeks 1 to 53, or -1 to -53 from the end."),
            "by_hour": _described(_INTEGERS, "Hours 0 to 23."),
            "by_minute": _described(_INTEGERS, "Minutes 0 to 59."),
            "by_second": _described(_INTEGERS, "Seconds 0 to 59."),
            "by_set_pos": _described(_INTEGERS, "Which of a period's moments, -1 for the last."),
            "week_start": {"type": "string", "enum": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]},
            "count": _described(_WHOLE, "How many occurrences there are in all."),
            "until": _described({"type": "string"}, "The last moment that may occur, RFC 3339."),
            "rrule": _described(
                {"type": "string"}, "A rule of RFC 5545, as in FREQ=DAILY;COUNT=3."
            ),
            "cron": _described(
                {"type": "string"},
                "A cron expression, as in */5 * * * *; CRON_TZ= before it stands for timezone.",
            ),
            "every": _described({"type": "string"}, "A duration, as in 90s."),
            "rules": {
                "type": "array",
                "items": {"type": "object"},
                "description": "Several of these, whose occurrences are put together.",
            },
            "exclude": _described(_AMENDED, "Times, dates or rules that do not occur."),
            "include": _described(_AMENDED, "Times, dates or rules that occur too."),
        }
    ),
    "example": {"frequency": "daily", "interval": 1},
}

TEXT: dict[str, Any] = {
    "description": (
        "When, in English words, instead of a schedule. What was understood comes back as "
        "start_time, timezone and schedule; what can be meant in two ways is asked back with 400."
    ),
    "example": "every second Friday at 9:00 Europe/Berlin",
}

_DURATION = {"type": "string", "example": "5m"}
_DELAY = {**_DURATION, "type": ["string", "integer"]}
"""A number is one of seconds."""

_RETRY_RULE: dict[str, Any] = {
    "backoff": {"type": "string", "enum": ["exponential", "fixed"]},
    "first": _described(_DELAY, "The first delay of a rule."),
    "factor": {"type": "number", "minimum": 1, "maximum": 100},
    "max": _described(_DELAY, "The longest delay of a rule."),
    "jitter": {"type": "number", "minimum": 0, "maximum": 1},
}

RETRY: dict[str, Any] = {
    "description": "How failed deliveries are tried again: a list of delays, or a rule.",
    "type": "object",
    "properties": {
        "attempts": _described({**_WHOLE, "maximum": 100}, "Attempts in all, the first included."),
        "delays": {
            "type": ["array", "object", "null"],
            "items": _DELAY,
            "properties": _RETRY_RULE,
            "description": "Delays in turn, the last one repeats; or the members of a rule.",
        },
        **_RETRY_RULE,
        "max_age": {
            "type": ["string", "integer", "null"],
            "description": "When to give up, from the first planned attempt on.",
            "example": "5m",
        },
    },
    "example": {"attempts": 8, "delays": ["5s", "5m", "30m"]},
}

ACK_TIMEOUT: dict[str, Any] = {
    "description": (
        "From 1s to 7d: how long a receiver that answers 202 with 'Qhronos-Ack: required' may "
        "take to acknowledge the delivery."
    ),
}

_PARAMS = [dict(kind.PARAMS) for kind in KINDS.values()]

ACTION: dict[str, Any] = {
    "description": (
        "What to do. The short form of a webhook with nothing but its url is webhook, beside which "
        "action is left out."
    ),
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": list(KINDS)},
        "params": {"anyOf": _PARAMS},
    },
    "required": ["type", "params"],
}

DST: dict[str, Any] = {
    "description": "What becomes of a wall time that the clock skips, and of one that it repeats.",
    "type": "object",
    "properties": {
        "gap": {"type": "string", "enum": ["next", "skip", "shift"], "default": "next"},
        "repeat": {"type": "string", "enum": ["first", "second", "both"], "default": "first"},
    },
}

JITTER: dict[str, Any] = {
    "description": "Spreads occurrences over so long after their time, each at a stable offset.",
    "example": "10m",
}

MISFIRE: dict[str, Any] = {
    "description": "What becomes of occurrences that were due while nobody was there.",
    "type": "object",
    "properties": {
        "grace": _described(_DURATION, "Up to this late they fire as if nothing had happened."),
        "policy": {
            "type": "string",
            "enum": ["fire_once", "fire_all", "skip"],
            "default": "fire_once",
        },
        "limit": _described({**_WHOLE, "maximum": 1000, "default": 100}, "How many at most."),
    },
}

EXPECT: dict[str, Any] = {
    "description": (
        "Which answers complete an occurrence; by itself those from 200 to 299. body_contains is "
        f"looked for in the first {READ_LIMIT} bytes of the answer's body."
    ),
    "type": "object",
    "properties": {
        "status": {
            "type": ["array", "null"],
            "items": {
                "anyOf": [
                    {"type": "integer", "minimum": 200, "maximum": 599},
                    {"type": "string", "pattern": "^[2-5][xX][xX]$"},
                ]
            },
            "minItems": 1,
            "maxItems": MAX_STATUSES,
        },
        "body_contains": {"type": ["string", "null"], "minLength": 1, "maxLength": MAX_TEXT},
    },
    "additionalProperties": False,
    "example": {"status": ["2xx", 404], "body_contains": "ok"},
}

FORMAT: dict[str, Any] = {
    "description": (
        "Deliveries as CloudEvents 1.0: structured (cloudevents) or binary (cloudevents-binary)."
    ),
}

OVERLAPPING: dict[str, Any] = {
    "description": "What becomes of an occurrence that falls due while the one before is not over.",
    "default": "allow",
}

PAUSE: dict[str, Any] = {
    "description": "Until when the event is paused, and why.",
    "example": {"until": "2030-01-31T09:00:00Z", "note": "maintenance"},
}

NOTICES: dict[str, Any] = {
    "description": (
        "After a write: the occurrences of the next two years that a change of the clock touches, "
        "and the calendars whose days end in that time."
    ),
}

FLOW_LIMITS: dict[str, dict[str, Any]] = {
    "rate": {
        "type": "string",
        "description": "Attempts in a second, minute, hour or day, evenly spaced.",
        "example": "10/s",
    },
    "burst": {**_WHOLE, "default": 1, "description": "How many may go at once before that."},
    "concurrency": {**_WHOLE, "description": "How many may be under way at once."},
}

FLOW: dict[str, Any] = {
    "description": (
        "Limits that this event's deliveries share with all of the same key, exact over all "
        "workers."
    ),
    "type": "object",
    "properties": {
        "key": {
            "type": "string",
            "maxLength": 128,
            "description": "By itself the target's host.",
        },
        **_or_null(FLOW_LIMITS),
    },
    "additionalProperties": False,
    "example": {"key": "acme", "rate": "10/s", "concurrency": 5},
}

ORDER: dict[str, Any] = {
    "description": (
        "strict: the flow sends one occurrence at a time, the next one after the end of the one "
        "before, its retries included."
    )
}
