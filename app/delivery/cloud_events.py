"""Deliveries as events of CloudEvents 1.0: the structured and the binary mode of its HTTP binding.

The ``id`` is the occurrence's and the ``source`` is its event, so both are the same on every
attempt: a consumer may drop what it has seen (CloudEvents 1.0.2, section 3.1.1). The ``data`` is
the body, without the attempt's number if the service makes it.
"""

from __future__ import annotations

import json
import re
from json.encoder import encode_basestring as quoted
from typing import NamedTuple, NoReturn

from app.delivery.request import Job
from app.domain.ids import to_text
from app.domain.times import to_rfc3339
from app.errors import InvalidInput

STRUCTURED, BINARY = "cloudevents", "cloudevents-binary"
FORMATS = (STRUCTURED, BINARY)

METHODS = ("POST", "PUT", "PATCH", "DELETE")
"""Those whose requests may carry an event: a GET or the like has no content."""

TYPE = "qhronos.occurrence.due"
"""The ``type`` of every event."""

STRUCTURED_TYPE = "application/cloudevents+json; charset=utf-8"

_JSON = re.compile(r"[\w.+-]+/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)


class Encoded(NamedTuple):
    """A request's body and its type (``None``: it has none), and the headers of the event."""

    body: bytes
    kind: str | None
    headers: tuple[str, ...] = ()


def encoded(job: Job, body: bytes, kind: str) -> Encoded:
    """Write a body of a type as the event of a job, in the mode of its format.

    Raises ``InvalidInput`` as ``check_data`` does.
    """
    attributes = {
        "specversion": "1.0",
        "id": to_text(job.occurrence_id),
        "source": f"urn:uuid:{to_text(job.event_id)}",
        "type": TYPE,
        "time": to_rfc3339(job.scheduled_ms),
    }
    if job.format == BINARY:
        lines = tuple(f"ce-{name}: {value}" for name, value in attributes.items())
        return Encoded(body, kind if body else None, lines)
    if body:
        attributes["datacontenttype"] = kind
    members = ",".join(f'"{name}":{quoted(value)}' for name, value in attributes.items())
    data = f',"data":{check_data(body, kind)}' if body else ""
    return Encoded(f"{{{members}{data}}}".encode(), STRUCTURED_TYPE)


def is_attribute(header: str) -> bool:
    """Whether a header is an attribute of the event that the service sets."""
    return header.lower() in _ATTRIBUTES


_ATTRIBUTES = frozenset({"ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"})


def check_data(body: bytes, kind: str) -> str:
    """Return a body as it stands in the JSON of the structured mode.

    Raises ``InvalidInput`` for one that is not JSON although its type says so.
    """
    text = body.decode()
    if not _JSON.match(kind):
        return quoted(text)
    try:
        # (A number stays the text that it is: Python reads none of thousands of digits.)
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidInput(
            f"is no JSON, or nested too deeply, although its type is {kind}; "
            f"correct one of them, or choose the format {BINARY}"
        ) from None
    return text


def _refuse_constant(name: str) -> NoReturn:
    """Refuse what Python reads as JSON and nobody else does: ``NaN`` and the infinities."""
    raise ValueError(name)
