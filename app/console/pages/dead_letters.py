"""Dead letters: what failed, by target and error; have it delivered again, with brakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import access
from app.api.http.context import services
from app.api.schemas.tags import read_tags
from app.console import acts
from app.domain.rates import parse_rate
from app.domain.redelivery_job import RETRYABLE, RedeliveryFilter, RedeliveryRequest
from app.domain.times import parse_rfc3339
from app.errors import Conflict, InvalidInput
from app.services.overview import READ
from app.store.shards import if_there

Given = TypeVar("Given")
Read = TypeVar("Read")

JOBS = 10
"""Redeliveries that are shown."""


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/dead-letters", "dead_letters", show)
    console.add_url_rule("/dead-letters", "redeliver_many", start, methods=["POST"])
    cancelling = "/dead-letters/<job_id>/cancel"
    console.add_url_rule(cancelling, "cancel_redelivery", cancel, methods=["POST"])


def show(problem: str | None = None, count: int | None = None) -> str:
    """What failed, and the redeliveries that run."""
    jobs = if_there(lambda: services().redeliveries.list(access(), JOBS, None).items)
    return render_template(
        "console/dead_letters.html",
        groups=services().overview.failing(access(), ("failed", "missed")),
        read=READ,
        jobs=jobs or (),
        statuses=RETRYABLE,
        given=request.form,
        problem=problem,
        count=count,
    )


def start() -> AnyResponse | str | tuple[str, int]:
    """Count what would be delivered again; or have it delivered."""
    try:
        wanted = _wanted()
        if "count" in request.form:
            return show(count=services().redeliveries.count(wanted, access()))
        acts.redeliver_many(wanted)
    except (InvalidInput, Conflict) as error:
        return show(error.message), 400
    return redirect(url_for("console.dead_letters"), 303)


def cancel(job_id: str) -> AnyResponse | tuple[str, int]:
    """End a redelivery; what it has sent already is attempted all the same."""
    try:
        acts.cancel_redelivery(job_id=job_id)
    except Conflict as error:
        return show(error.message), 409
    return redirect(url_for("console.dead_letters"), 303)


def _wanted() -> RedeliveryRequest:
    form = request.form
    status, rate = form.get("status", "failed"), form.get("rate", "").strip() or None
    if status not in RETRYABLE:
        raise InvalidInput.field("status", f"must be one of {', '.join(RETRYABLE)}")
    if rate is not None:
        _field("rate", parse_rate, rate)
    chosen = RedeliveryFilter(
        tags=_tags(form.get("tags", "")),
        event_id=form.get("event_id", "").strip() or None,
        status=status,
        from_ms=_moment("from"),
        to_ms=_moment("to"),
    )
    return RedeliveryRequest(chosen, rate=rate, stop_at=_part(form.get("stop_at", "")))


def _tags(text: str) -> tuple[str, ...]:
    return _field("tags", read_tags, text.replace(",", " ").split())


def _moment(name: str) -> int | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    found = _field(name, parse_rfc3339, text)
    if not isinstance(found, int):
        raise InvalidInput.field(name, "must end with Z or an offset")
    return found


def _field(name: str, read: Callable[[Given], Read], given: Given) -> Read:
    """Read a field; what is wrong with it is told with its name."""
    try:
        return read(given)
    except InvalidInput as error:
        raise InvalidInput.field(name, error.message) from None


def _part(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        part = float(text) / 100
    except ValueError:
        part = 0.0
    if not 0 < part <= 1:
        raise InvalidInput.field("stop_at_error_rate", "must be a percentage above 0, up to 100")
    return part
