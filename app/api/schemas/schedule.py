"""How a schedule is documented; ``app.domain.recurrence`` is what reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.schemas.base import DURATION, NAMED, SOMETIMES, TIME

_BEGINS_NOW = frozenset({"cron", "every"})
"""Kinds of schedules whose times do not follow from when they begin, or only as a phase."""

_AMENDED = {
    "type": "array",
    "items": {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": True}]},
}
_INTEGERS = {"type": "array", "items": {"type": "integer"}}
WHOLE = {"type": "integer", "minimum": 1}


def described(kind: dict[str, Any], description: str) -> dict[str, Any]:
    """A schema with words of its own."""
    return {**kind, "description": description}


def or_null(properties: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
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
    NAMED: "Schedule",
    "description": (
        "When the event repeats; left out for a one-time event. Exactly one of frequency (with "
        "its parts), rrule, cron and every; exclude and include may stand beside any of them."
    ),
    "type": "object",
    "properties": or_null(
        {
            "frequency": {
                "type": "string",
                "enum": ["minutely", "hourly", "daily", "weekly", "monthly", "yearly"],
            },
            "interval": described({**WHOLE, "default": 1}, "Every so many periods."),
            "by_day": described(
                {
                    "type": "array",
                    "items": {"type": "string", "pattern": "^[+-]?\\d{0,2}[A-Z]{2}$"},
                },
                "Weekdays MO to SU, with an ordinal as in -1FR for the last Friday.",
            ),
            "by_month_day": described(_INTEGERS, "Days 1 to 31, or -1 to -31 from the end."),
            "by_month": described(_INTEGERS, "Months 1 to 12."),
            "by_year_day": described(_INTEGERS, "Days 1 to 366, or -1 to -366 from the end."),
            "by_week_no": described(_INTEGERS, "ISO weeks 1 to 53, or -1 to -53 from the end."),
            "by_hour": described(_INTEGERS, "Hours 0 to 23."),
            "by_minute": described(_INTEGERS, "Minutes 0 to 59."),
            "by_second": described(_INTEGERS, "Seconds 0 to 59."),
            "by_set_pos": described(_INTEGERS, "Which of a period's moments, -1 for the last."),
            "week_start": {
                "type": "string",
                "enum": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"],
                "default": "MO",
            },
            "count": described(WHOLE, "How many occurrences there are in all."),
            "until": described(
                {"type": "string", "example": "2031-01-31T09:00:00Z"},
                "The last moment that may occur, RFC 3339.",
            ),
            "rrule": described(
                {"type": "string", "example": "FREQ=DAILY;COUNT=3"},
                "A rule of RFC 5545, as in FREQ=DAILY;COUNT=3.",
            ),
            "cron": described(
                {"type": "string", "example": "0 9 * * 1-5"},
                "A cron expression, as in 0 9 * * 1-5; CRON_TZ= before it stands for timezone.",
            ),
            "every": described(DURATION, "A duration, as in 90s."),
            "rules": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": True},
                "description": "Several of these, whose occurrences are put together.",
            },
            "exclude": described(_AMENDED, "Times, dates or rules that do not occur."),
            "include": described(_AMENDED, "Times, dates or rules that occur too."),
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

DST: dict[str, Any] = {
    NAMED: "ClockChanges",
    "description": (
        "What becomes of a wall time that the clock skips, and of one that it repeats."
    ),
    "example": {"gap": "skip", "repeat": "second"},
    "type": "object",
    "properties": {
        "gap": {"type": "string", "enum": ["next", "skip", "shift"], "default": "next"},
        "repeat": {"type": "string", "enum": ["first", "second", "both"], "default": "first"},
    },
}

JITTER: dict[str, Any] = {
    **DURATION,
    "description": "Delays each occurrence by a stable part of this, to spread the load.",
    "default": "0s",
    "example": "10m",
}

MISFIRE: dict[str, Any] = {
    NAMED: "MisfirePolicy",
    "description": "What becomes of occurrences that were due while nobody was there.",
    "type": "object",
    "properties": {
        "grace": described(
            {**DURATION, "default": "5m"}, "Up to this late they fire as if nothing had happened."
        ),
        "policy": {
            "type": "string",
            "enum": ["fire_once", "fire_all", "skip"],
            "default": "fire_once",
        },
        "limit": described({**WHOLE, "maximum": 1000, "default": 100}, "How many at most."),
    },
    "example": {"grace": "5m", "policy": "fire_once"},
}

OVERLAPPING: dict[str, Any] = {
    "description": (
        "What becomes of an occurrence that falls due while the one before is not over."
    ),
    "default": "allow",
}

NOTICE: dict[str, Any] = {
    "type": "object",
    NAMED: "Notice",
    "description": "What a change of the clock, or the end of a calendar, does to occurrences.",
    "properties": {
        "local_time": {
            "type": "string",
            "description": "The wall time that is meant.",
            "example": "2027-03-28T02:30:00",
        },
        "kind": {"type": "string", "example": "gap"},
        "text": {"type": "string", "description": "What happens, in a sentence."},
        "scheduled_at": {**TIME, "type": ["string", "null"]},
    },
    "required": ["local_time", "kind", "text", "scheduled_at"],
}

ON_EXCLUDED_DAYS: dict[str, Any] = {
    **SOMETIMES,
    "description": "What becomes of an occurrence on a day of a calendar.",
    "default": "skip",
}

PAUSE: dict[str, Any] = {
    NAMED: "EventPause",
    "type": "object",
    "description": "Until when the event is paused, and why.",
    "properties": {
        "until": {**TIME, "type": ["string", "null"]},
        "note": {"type": ["string", "null"], "example": "maintenance"},
        "then": {
            "type": "string",
            "enum": ["delete"],
            "description": "If it is there, the event is not resumed then, but deleted.",
        },
    },
    "required": ["until", "note"],
    "example": {"until": "2030-01-31T09:00:00Z", "note": "maintenance"},
}

NOTICES: dict[str, Any] = {
    "description": (
        "After a write: the occurrences of the next two years that a change of the clock touches, "
        "and the calendars whose days end in that time."
    ),
}
