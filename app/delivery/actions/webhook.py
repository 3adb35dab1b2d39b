"""The webhook: a signed POST to a URL with the occurrence in its body, or with a body given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.delivery.calls import call, params_document, read_params
from app.delivery.occurrence_body import callback_body, occurrence_body, occurrence_data
from app.delivery.request import POST, Identity, Job, ReadUrl, Request
from app.delivery.signed_headers import own_lines, signed_headers
from app.domain.ids import to_text
from app.domain.targets import ascii_url
from app.domain.template import OPEN

METHODS = ("POST", "PUT", "PATCH")
"""Those whose requests have a body: a webhook always sends one."""

PARAMS: Mapping[str, Any] = params_document(METHODS, ("url",))


def read(params: Any, url: ReadUrl) -> Mapping[str, Any]:
    """Return ``url`` and what else was given of ``method``, ``headers`` and a body, checked."""
    return read_params(params, url, METHODS, ("url",))


def build(job: Job, now_ms: int, identity: Identity) -> Request:
    """Make the request of an attempt that starts at ``now_ms``.

    Raises ``InvalidInput`` if the secret is not one.
    """
    webhook_id = to_text(job.occurrence_id)
    if job.callback is not None:
        body = callback_body(job, job.callback)
    elif len(job.action.params) > 1 or job.format or OPEN in job.action.params["url"]:
        by_itself = occurrence_data if job.format else occurrence_body
        return call(job, now_ms, identity, by_itself)
    else:
        body = occurrence_body(job, webhook_id)
    headers = [*identity.headers, *signed_headers(job, webhook_id, body, now_ms, identity)]
    own = own_lines(job) if job.headers else ()
    url = ascii_url(job.action.target)
    return Request(url, headers, body, job.timeout_ms, own, POST, job.expect)
