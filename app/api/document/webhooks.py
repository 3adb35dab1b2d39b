"""What Qhronos sends, as OpenAPI's ``webhooks``: deliveries, and callbacks about their end."""

from __future__ import annotations

from typing import Any

from app.api.document.nodes import Node, ref
from app.api.schemas.base import TIME

WEBHOOKS = "webhooks"
_UUID = {"type": "string", "format": "uuid", "example": "019b76da-a800-7000-8000-4538d1b3c989"}
_TEXT = {"type": "string"}
_METADATA = {
    "type": "object",
    "additionalProperties": True,
    "description": "The event's, digit for digit.",
    "example": {"customer": 17},
}
_TAGS = {"type": "array", "items": _TEXT, "example": ["billing", "eu"]}
_ATTEMPT = {
    "type": "integer",
    "minimum": 1,
    "description": "Which attempt it is.",
    "example": 1,
}


def _object(description: str, properties: dict[str, Any]) -> Node:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
    }


BODIES: dict[str, Node] = {
    "Delivery": _object(
        "The body of a delivery: an occurrence of an event.",
        {
            "event_id": _UUID,
            "occurrence_id": {**_UUID, "description": "The same as the header webhook-id."},
            "name": {**_TEXT, "example": "invoice run"},
            "description": {**_TEXT, "example": ""},
            "scheduled_at": {
                **TIME,
                "type": "string",
                "description": "The occurrence's time, not the attempt's.",
            },
            "attempt": _ATTEMPT,
            "metadata": _METADATA,
            "tags": _TAGS,
        },
    ),
    "Callback": _object(
        "The body of a callback: how an occurrence has ended.",
        {
            "type": {
                "type": "string",
                "enum": ["occurrence.completed", "occurrence.failed"],
            },
            "event_id": _UUID,
            "occurrence_id": {**_UUID, "description": "The occurrence that has ended."},
            "name": {**_TEXT, "example": "invoice run"},
            "scheduled_at": {**TIME, "type": "string"},
            "completed_at": {**TIME, "type": "string"},
            "status": {"type": "string", "enum": ["completed", "failed"]},
            "attempt_count": {"type": "integer", "example": 1},
            "status_code": {"type": ["integer", "null"], "example": 200},
            "error_message": {"type": ["string", "null"], "example": None},
            "metadata": _METADATA,
            "tags": _TAGS,
            "attempt": _ATTEMPT,
        },
    ),
}

_HEADERS = (
    ("webhook-id", "The same on every attempt: drop what you have seen.", _UUID),
    (
        "webhook-timestamp",
        "When this attempt was made, in seconds since 1970.",
        {"type": "string", "pattern": "^[0-9]+$", "example": "1924938000"},
    ),
    (
        "webhook-signature",
        "v1, and base64 of HMAC-SHA256 over id.timestamp.body; several have spaces between.",
        {**_TEXT, "example": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
    ),
    (
        "X-Qhronos-Signature",
        "Hex HMAC-SHA256 of the body alone.",
        {"type": "string", "pattern": "^[0-9a-f]{64}$", "example": "0" * 64},
    ),
    ("X-Qhronos-Instance", "The name of the instance that sent it.", {**_TEXT, "example": "q-1"}),
)
_ACK = (
    "Qhronos-Ack-Token",
    "The token that acknowledges this attempt, in calls of ack and nack.",
    {**_TEXT, "example": "1.4f6d"},
)
_ANSWERS: Node = {
    "2XX": {
        "description": "Done. 202 with 'Qhronos-Ack: required' says that the end is told later.",
        "headers": {
            "Qhronos-Ack": {
                "description": "required, if the receiver acknowledges later.",
                "schema": {"type": "string", "enum": ["required"]},
            }
        },
    },
    "410": {"description": "Give up at once; the event becomes inactive."},
    "429": {
        "description": "Try again after Retry-After: seconds or a date, up to a day.",
        "headers": {
            "Retry-After": {
                "description": "When to try again.",
                "schema": {"type": "string", "example": "30"},
            }
        },
    },
    "default": {"description": "Failed: it is tried again as the event's retry policy says."},
}


def _webhook(name: str, schema: str, summary: str, description: str, headers: Any) -> Node:
    return {
        "post": {
            "operationId": name,
            "tags": [WEBHOOKS],
            "summary": summary,
            "description": description,
            "security": [],
            "parameters": [
                {
                    "in": "header",
                    "name": header,
                    "required": True,
                    "description": said,
                    "schema": kind,
                }
                for header, said, kind in headers
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": ref(schema)}},
            },
            "responses": _ANSWERS,
        }
    }


def add_webhooks(document: Node) -> None:
    """Describe what receivers get."""
    document["components"]["schemas"] |= BODIES
    document["tags"].append(
        {"name": WEBHOOKS, "description": "What receivers are sent, and what they answer"}
    )
    document["webhooks"] = {
        "delivery": _webhook(
            "receive_delivery",
            "Delivery",
            "An occurrence is delivered to its event's webhook.",
            "At least once, and signed twice over the exact bytes of the body. Redirects are not "
            "followed.",
            (*_HEADERS, _ACK),
        ),
        "callback": _webhook(
            "receive_callback",
            "Callback",
            "The end of an occurrence is told to the event's on_success or on_failure.",
            "It is an occurrence of its own: signed and tried again like a delivery.",
            _HEADERS,
        ),
    }
