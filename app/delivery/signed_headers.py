"""The headers that sign a request and tell its attempt, and those of the event's own."""

from __future__ import annotations

from functools import lru_cache

from app.delivery.rendering import facts_of, render_header
from app.delivery.request import Identity, Job
from app.domain.headers import CONTENT_TYPE, Headers, is_the_services
from app.domain.signing import body_signature, signing_key, standard_signature
from app.domain.template import OPEN

_key_of = lru_cache(maxsize=4096)(signing_key)


def signed_headers(
    job: Job, webhook_id: str, body: bytes, now_ms: int, identity: Identity
) -> list[str]:
    """The lines that sign a body, sent by an attempt that starts at ``now_ms``.

    Raises ``InvalidInput`` if the secret is not one.
    """
    keys = [_key_of(secret) for secret in job.secrets]
    timestamp_s = now_ms // 1000
    signatures = [standard_signature(key, webhook_id, timestamp_s, body) for key in keys]
    if identity.keys:
        signatures += [key.signature(webhook_id, timestamp_s, body) for key in identity.keys]
    lines = [
        "X-Qhronos-Signature: " + body_signature(keys[0], body),
        "webhook-id: " + webhook_id,
        f"webhook-timestamp: {timestamp_s}",
        "webhook-signature: " + " ".join(signatures),
    ]
    if job.ack_token:
        lines.append("Qhronos-Ack-Token: " + job.ack_token)
    return lines


def own_lines(job: Job, *, with_type: bool = False) -> list[str]:
    """The event's own headers as libcurl expects them: one without a value ends in a semicolon.

    Placeholders in them have their values. The service's own are left out: some were stored when
    they were not known as such. ``with_type``: ``Content-Type`` is the event's.
    """
    return [
        f"{name}: {value}" if value else f"{name};"
        for name, value in _rendered(job)
        if not is_the_services(name) or (with_type and name.lower() == CONTENT_TYPE)
    ]


def _rendered(job: Job) -> Headers:
    """The event's headers with their values put in; those of a callback have none."""
    if not any(OPEN in value for _, value in job.headers):
        return job.headers
    facts = facts_of(job)
    return tuple((name, render_header(value, facts)) for name, value in job.headers)
