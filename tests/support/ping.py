"""A kind of action that is made up: what a new kind takes is this file and a line in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.delivery.request import Identity, Job, ReadUrl, Request
from app.errors import InvalidInput

PARAMS: Mapping[str, Any] = {"type": "object"}


def read(params: Any, url: ReadUrl) -> Mapping[str, Any]:
    """Return ``{"url", "word"}``, checked."""
    if not isinstance(params, dict) or params.keys() != {"url", "word"}:
        raise InvalidInput.field("params", "must be an object with url and word")
    return {"url": url("url", params["url"]), "word": params["word"]}


def build(job: Job, now_ms: int, identity: Identity) -> Request:
    """A POST of the word alone."""
    del now_ms, identity
    return Request(job.action.target, [], str(job.action.params["word"]).encode(), job.timeout_ms)
