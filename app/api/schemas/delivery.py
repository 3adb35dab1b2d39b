"""How what is sent, and what becomes of it, is documented; ``app.domain`` is what reads it."""

from __future__ import annotations

from typing import Any

from app.api.schemas.base import DURATION, NAMED, RATE
from app.api.schemas.schedule import WHOLE, described, or_null
from app.delivery.actions import KINDS
from app.domain.expectation import MAX_STATUSES, MAX_TEXT, READ_LIMIT
from app.domain.flow import ORDERS

_DELAY = {**DURATION, "type": ["string", "integer"]}
"""A number is one of seconds."""

_RETRY_RULE: dict[str, Any] = {
    "backoff": {"type": "string", "enum": ["exponential", "fixed"], "default": "exponential"},
    "first": described({**_DELAY, "default": "15s"}, "The first delay of a rule."),
    "factor": {"type": "number", "minimum": 1, "maximum": 100, "default": 4},
    "max": described({**_DELAY, "default": "1d"}, "The longest delay of a rule."),
    "jitter": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.2},
}

RETRY: dict[str, Any] = {
    NAMED: "RetryPolicy",
    "description": "How failed deliveries are tried again: a list of delays, or a rule.",
    "type": "object",
    "properties": {
        "attempts": described({**WHOLE, "maximum": 100}, "Attempts in all, the first included."),
        "delays": {
            "anyOf": [
                {"type": "array", "items": _DELAY, "minItems": 1, "maxItems": 100},
                {
                    "type": "object",
                    NAMED: "RetryRule",
                    "description": "How the delays between attempts grow.",
                    "properties": _RETRY_RULE,
                },
                {"type": "null"},
            ],
            "example": ["5s", "5m", "30m"],
            "description": "Delays in turn, the last one repeats; or the members of a rule.",
        },
        **_RETRY_RULE,
        "max_age": {
            **_DELAY,
            "type": ["string", "integer", "null"],
            "description": "When to give up, from the first planned attempt on.",
            "example": "3d",
        },
    },
    "example": {"attempts": 8, "delays": ["5s", "5m", "30m"]},
}

ACK_TIMEOUT: dict[str, Any] = {
    "description": (
        "From 1s to 7d: how long a receiver that answers 202 with 'Qhronos-Ack: required' may "
        "take to acknowledge the delivery."
    ),
    "default": "1h",
}

_PARAMS = [
    {
        NAMED: f"{name.title()}Params",
        "description": f"What an action of type {name} needs.",
        **kind.PARAMS,
    }
    for name, kind in KINDS.items()
]

ACTION: dict[str, Any] = {
    NAMED: "Action",
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
    "example": {"type": "webhook", "params": {"url": "https://example.com/hook"}},
}

EXPECT: dict[str, Any] = {
    NAMED: "Expectation",
    "description": (
        "Which answers complete an occurrence; by default those from 200 to 299. body_contains is "
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
            "default": ["2xx"],
            "example": ["2xx", 404],
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

FLOW_LIMITS: dict[str, dict[str, Any]] = {
    "rate": described(RATE, "Attempts in a second, minute, hour or day, evenly spaced."),
    "burst": described({**WHOLE, "default": 1}, "How many may go at once before that."),
    "concurrency": {**WHOLE, "description": "How many may be under way at once."},
}

FLOW: dict[str, Any] = {
    NAMED: "EventFlow",
    "description": (
        "Limits that this event's deliveries share with all of the same key, exact over all "
        "workers."
    ),
    "type": "object",
    "properties": {
        "key": {
            "type": "string",
            "maxLength": 128,
            "description": "By default the target's host.",
            "example": "acme",
        },
        **or_null(FLOW_LIMITS),
    },
    "additionalProperties": False,
    "example": {"key": "acme", "rate": "10/s", "concurrency": 5},
}

ORDER: dict[str, Any] = {
    "description": (
        "strict: the flow sends one occurrence at a time, the next one after the end of the one "
        "before, its retries included."
    ),
    "default": ORDERS[0],
}
