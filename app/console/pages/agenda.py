"""Agenda: what happened and what is planned, by month, week and day, of all or of a tag."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flask import Blueprint, render_template, request

from app.api.http.auth import access
from app.api.http.context import services
from app.api.schemas.tags import read_tags
from app.console.agenda import NAMED, VIEWS, days_of, span_of
from app.errors import InvalidInput
from app.services.queries import TagFilter


def add_to(console: Blueprint) -> None:
    """Add the path."""
    console.add_url_rule("/agenda", "agenda", show)


def show() -> str:
    """A month, a week or a day."""
    now_ms = services().clock.now_ms()
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    view = request.args.get("view", "month")
    span = span_of(view if view in VIEWS else "month", _day(request.args.get("day", ""), today))
    words = request.args.get("tags", "").strip()
    problem, tags = None, TagFilter()
    try:
        tags = TagFilter(read_tags(one for one in words.split(",") if one.strip()))
    except InvalidInput as error:
        problem = f"tags: {error.message}"
    feed = services().feed
    contents = feed.contents(feed.read(tags, access(), span.window))
    return render_template(
        "console/agenda.html",
        span=span,
        days=days_of(span, contents.happenings),
        remarks=[one for one in contents.remarks if one.at_ms < span.window.until_ms],
        today=today,
        views=VIEWS,
        named=NAMED[span.view],
        words=words,
        problem=problem,
        keep_ms=services().settings.retention_occurrences_ms,
        has_past=span.window.since_ms < now_ms,
    )


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return today
