"""Tells open pages, by server-sent events, that something has changed; they read it again."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.api.routes.changes import stream_answer
from app.api.schemas.tags import read_tags


def add_to(console: Blueprint) -> None:
    """Add the path."""
    console.add_url_rule("/stream", "stream", show)


def show() -> Response:
    """Have the server tell when something of these tags has changed; without tags, anything.

    Raises ``InvalidInput`` for what is no tag.
    """
    given = request.args.get("tags", "")
    tags = frozenset(read_tags(given.split(",") if given else ()))
    return stream_answer(tags, only_hints=True)
