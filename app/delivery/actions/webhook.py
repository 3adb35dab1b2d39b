"""The webhook: a signed POST to a URL with the occurrence in its body."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from app.delivery.request import Identity, Job, ReadUrl, Request
from app.domain.callback import Callback
from app.domain.headers import is_the_services
from app.domain.ids import to_text
from app.domain.signing import body_signature, signing_key, standard_signature
from app.domain.targets import ascii_url
from app.domain.times import to_rfc3339
from app.errors import InvalidInput

PARAMS: Mapping[str, Any] = {
    "type": "object",
    "properties": {"url": {"type": "string", "format": "uri"}},
    "required": ["url"],
}

_key_of = lru_cache(maxsize=4096)(signing_key)


def read(params: Any, url: ReadUrl) -> Mapping[str, Any]:
    """Return ``{"url"}``, checked."""
    if not isinstance(params, dict) or params.keys() != {"url"}:
        raise InvalidInput.field("params", "must be an object with url and nothing else")
    return {"url": url("url", params["url"])}


def build(job: Job, now_ms: int, identity: Identity) -> Request:
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
        own = [
            f"{name}: {value}" if value else f"{name};"
            for name, value in job.headers
            if not is_the_services(name)  # stored when it was not known as such
        ]
        return Request(ascii_url(job.action.target), headers, body, job.timeout_ms, own)
    return Request(ascii_url(job.action.target), headers, body, job.timeout_ms)


def _body(job: Job, webhook_id: str) -> bytes:
    # Put together as text: metadata keeps every digit and key as the user wrote them.
    return (
        f'{{"event_id":"{to_text(job.event_id)}","occurrence_id":"{webhook_id}",'
        f'"name":{quoted(job.name)},"description":{quoted(job.description)},'
        f'"scheduled_at":"{to_rfc3339(job.scheduled_ms)}","attempt":{job.attempt},'
        f'"metadata":{job.metadata_json},"tags":[{",".join(map(quoted, job.tags))}]}}'
    ).encode()


def _callback_body(job: Job, ended: Callback) -> bytes:
    error = "null" if ended.error_message is None else quoted(ended.error_message)
    code = "null" if ended.status_code is None else ended.status_code
    return (
        f'{{"type":"occurrence.{ended.status}","event_id":"{to_text(job.event_id)}",'
        f'"occurrence_id":"{to_text(ended.occurrence_id)}","name":{quoted(job.name)},'
        f'"scheduled_at":"{to_rfc3339(ended.scheduled_ms)}",'
        f'"completed_at":"{to_rfc3339(ended.completed_ms)}","status":"{ended.status}",'
        f'"attempt_count":{ended.attempt_count},"status_code":{code},"error_message":{error},'
        f'"metadata":{job.metadata_json},"tags":[{",".join(map(quoted, job.tags))}],'
        f'"attempt":{job.attempt}}}'
    ).encode()
