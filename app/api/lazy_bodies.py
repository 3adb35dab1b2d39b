"""Reading bodies of events in a process that serves no requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from app.services.import_steps import Load
from app.services.queries import EventChanges


def lazy_loader(services: Callable[[], Any]) -> Load:
    """Return what checks bodies as ``POST /events`` does, made when it is first used.

    It takes memory that most workers have no use for.
    """

    @lru_cache(maxsize=1)
    def made() -> Load:
        from app.api.http.context import without_requests  # noqa: PLC0415
        from app.api.schemas.event_bodies import loader  # noqa: PLC0415

        return loader(without_requests(services()))

    def load(body: Mapping[str, Any]) -> EventChanges:
        return made()(body)

    return load
