"""The API call: a signed request with the method, headers and body that its event gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.delivery.calls import call, params_document, read_params
from app.delivery.request import Identity, Job, ReadUrl, Request

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

PARAMS: Mapping[str, Any] = params_document(METHODS, ("method", "url"))


def read(params: Any, url: ReadUrl) -> Mapping[str, Any]:
    """Return ``method``, ``url``, and what else was given of ``headers`` and a body, checked."""
    return read_params(params, url, METHODS, ("method", "url"))


def build(job: Job, now_ms: int, identity: Identity) -> Request:
    """Make the request of an attempt that starts at ``now_ms``.

    Raises ``InvalidInput`` if the secret is not one.
    """
    return call(job, now_ms, identity)
