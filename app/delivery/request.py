"""What goes over the wire for one attempt: body, headers, signatures. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import NamedTuple

from app import __version__
from app.domain.callback import Callback
from app.domain.headers import Headers
from app.domain.ids import to_text
from app.domain.signing import body_signature, signing_key, standard_signature
from app.domain.signing_keys import SigningKey
from app.domain.targets import ascii_url
from app.domain.times import to_rfc3339

USER_AGENT = f"Qhronos/{__version__}"

_FIXED_HEADERS = ("Content-Type: application/json", f"User-Agent: {USER_AGENT}")

INSTANCE_HEADER = "X-Qhronos-Instance"
"""Says whose delivery it is, so that an instance knows its own when they come back to it."""
_key_of = lru_cache(maxsize=4096)(signing_key)


@dataclass(slots=True)  # not frozen: made for every delivery, and freezing doubles its cost
class Job:
    """One attempt to make. ``attempt`` counts from 1; times are milliseconds.

    ``metadata_json`` is JSON text and is sent as it is. ``secrets`` are the event's, or the
    service's: the present one and, during a rotation, the one before. ``headers`` are the event's
    own, already checked. With ``callback`` it tells of that and not of an occurrence's time.
    """

    event_id: bytes
    occurrence_id: bytes
    scheduled_ms: int
    attempt: int
    name: str
    description: str
    metadata_json: str
    tags: tuple[str, ...]
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    timeout_ms: int = 10_000
    headers: Headers = field(default=(), repr=False)
    ack_token: str = field(default="", repr=False)
    callback: Callback | None = None


class Identity:
    """Who sends: what all deliveries of an instance have in common."""

    __slots__ = ("headers", "keys")

    def __init__(self, instance: str = "", keys: Sequence[SigningKey] = ()) -> None:
        """``instance`` is its name, which all its processes share; ``keys`` sign everything."""
        self.keys = keys
        named = (f"{INSTANCE_HEADER}: {instance}",) if instance else ()
        self.headers = (*_FIXED_HEADERS, *named)


NOBODY = Identity()


class Request(NamedTuple):
    """An HTTP POST, ready to be sent.

    Each of ``headers`` is a whole line without its end. ``own`` are the event's, as libcurl wants
    them: one without a value ends in a semicolon.
    """

    url: str
    headers: list[str]
    body: bytes
    timeout_ms: int
    own: Sequence[str] = ()


def build(job: Job, now_ms: int, identity: Identity = NOBODY) -> Request:
    """Make the request of an attempt that starts at ``now_ms``.

    Raises ``InvalidInput`` if the secret is not one.
    """
    webhook_id = to_text(job.occurrence_id)
    body = _body(job, webhook_id) if job.callback is None else _callback_body(job, job.callback)
    keys = [_key_of(secret) for secret in job.secrets]
    timestamp_s = now_ms // 1000
    signatures = [standard_signature(key, webhook_id, timestamp_s, body) for key in keys]
    if identity.keys:
        signatures += [key.signature(webhook_id, timestamp_s, body) for key in identity.keys]
    headers = [
        *identity.headers,
        "X-Qhronos-Signature: " + body_signature(keys[0], body),
        "webhook-id: " + webhook_id,
        f"webhook-timestamp: {timestamp_s}",
        "webhook-signature: " + " ".join(signatures),
    ]
    if job.ack_token:
        headers.append("Qhronos-Ack-Token: " + job.ack_token)
    if job.headers:
        own = [f"{name}: {value}" if value else f"{name};" for name, value in job.headers]
        return Request(ascii_url(job.url), headers, body, job.timeout_ms, own)
    return Request(ascii_url(job.url), headers, body, job.timeout_ms)


def _body(job: Job, webhook_id: str) -> bytes:
    # Spliced, not dumped: metadata keeps every digit and key as the user wrote them.
    return (
        f'{{"event_id":"{to_text(job.event_id)}","occurrence_id":"{webhook_id}",'
        f'"name":{quoted(job.name)},"description":{quoted(job.description)},'
        f'"scheduled_at":"{to_rfc3339(job.scheduled_ms)}","attempt":{job.attempt},'
        f'"metadata":{job.metadata_json},"tags":[{",".join(map(quoted, job.tags))}]}}'
    ).encode()


def _callback_body(job: Job, told: Callback) -> bytes:
    error = "null" if told.error_message is None else quoted(told.error_message)
    code = "null" if told.status_code is None else told.status_code
    return (
        f'{{"type":"occurrence.{told.status}","event_id":"{to_text(job.event_id)}",'
        f'"occurrence_id":"{to_text(told.occurrence_id)}","name":{quoted(job.name)},'
        f'"scheduled_at":"{to_rfc3339(told.scheduled_ms)}",'
        f'"completed_at":"{to_rfc3339(told.completed_ms)}","status":"{told.status}",'
        f'"attempt_count":{told.attempt_count},"status_code":{code},"error_message":{error},'
        f'"metadata":{job.metadata_json},"tags":[{",".join(map(quoted, job.tags))}],'
        f'"attempt":{job.attempt}}}'
    ).encode()
