"""The websocket: an occurrence goes to a client that is connected under a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from app.delivery.live_message import LiveMessage
from app.delivery.occurrence_body import occurrence_body
from app.delivery.request import Identity, Job, ReadUrl
from app.domain.ids import to_text
from app.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
"""Of what the key of a flow may have: without another key, a client is its own flow."""

NAMING = "must name a client by 1 to 64 letters, digits or any of . _ : -"

PARAMS: Mapping[str, Any] = {
    "type": "object",
    "properties": {"client_name": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"}},
    "required": ["client_name"],
    "additionalProperties": False,
}


def read(params: Any, url: ReadUrl) -> Mapping[str, Any]:
    """Return ``{"client_name"}``, checked."""
    del url
    if not isinstance(params, dict) or params.keys() != {"client_name"}:
        raise InvalidInput.field("params", "must be an object with client_name and nothing else")
    name = params["client_name"]
    if not is_client(name):
        raise InvalidInput.field("params.client_name", NAMING)
    return {"client_name": name}


def is_client(name: Any) -> bool:
    """Whether a client may have this name."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def build(job: Job, now_ms: int, identity: Identity) -> LiveMessage:
    """Make the message of an attempt."""
    del now_ms, identity
    return LiveMessage(
        job.action.params["client_name"],
        job.tags,
        to_text(job.occurrence_id),
        job.attempt,
        event_message(job),
        job.timeout_ms,
    )


def event_message(job: Job) -> bytes:
    """What clients and listeners are sent of an occurrence: JSON, on one line."""
    occurrence_id = to_text(job.occurrence_id)
    head = (
        f'{{"type":"event","event_id":"{to_text(job.event_id)}",'
        f'"occurrence_id":"{occurrence_id}","tags":[{",".join(map(quoted, job.tags))}],"payload":'
    )
    return head.encode() + occurrence_body(job, occurrence_id) + b"}"
