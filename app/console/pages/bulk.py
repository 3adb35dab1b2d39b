"""One act on all events that a filter means: counted first, done in the background, watched."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import access
from app.api.http.context import services
from app.api.schemas.bulk import BulkSchema
from app.api.schemas.validation import invalid
from app.console import acts
from app.domain.bulk_job import BulkAction, BulkRequest
from app.domain.ids import to_text
from app.errors import Conflict, Forbidden, InvalidInput
from app.services.bulk_jobs import BulkCount
from app.services.deletions import UNDO_MS

JOBS = 20
"""Jobs that are shown."""

FILTERS = ("name_prefix", "target_host", "status")
"""What stands in the address as it is in the filter; ``tag`` may be there several times."""


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/bulk", "bulk", show)
    console.add_url_rule("/bulk", "begin_bulk", begin, methods=["POST"])
    console.add_url_rule("/bulk/<job_id>", "bulk_job", watch)
    console.add_url_rule("/bulk/<job_id>/cancel", "cancel_bulk", cancel, methods=["POST"])


def show() -> str:
    """What can be done to all events of a filter, and how many these are; without one, the jobs."""
    if "of" not in request.args:
        jobs = services().bulk.list(access(), JOBS, None).items
        return render_template("console/bulk_jobs.html", jobs=jobs)
    return _form(request.args)


def begin() -> AnyResponse | tuple[str, int]:
    """Begin a job; a delete begins when it can't be undone any more."""
    try:
        wanted = _wanted(request.form)
        delay_ms = UNDO_MS if wanted.action is BulkAction.DELETE else 0
        job = acts.change_many(wanted, delay_ms)
    except (InvalidInput, Conflict, Forbidden) as error:
        return _form(request.form, error.message), 400
    return redirect(url_for("console.bulk_job", job_id=to_text(job.id)), 303)


def watch(job_id: str, problem: str | None = None) -> str:
    """How far a job has come."""
    job = services().bulk.get(job_id, access())
    now_ms = services().clock.now_ms()
    waits = job.is_running and job.begins_ms is not None and job.begins_ms > now_ms
    return render_template(
        "console/bulk_job.html", job=job, job_id=job_id, waits=waits, problem=problem
    )


def cancel(job_id: str) -> AnyResponse | tuple[str, int]:
    """End a job."""
    try:
        acts.cancel_bulk(job_id=job_id)
    except Conflict as error:
        return watch(job_id, error.message), 409
    return redirect(url_for("console.bulk_job", job_id=job_id), 303)


def _form(given: MultiDict[str, str], problem: str | None = None) -> str:
    count: BulkCount | None = None
    if problem is None and "act" in given:
        try:
            count = services().bulk.count(_wanted(given), access())
        except (InvalidInput, Forbidden) as error:
            problem = error.message
    return render_template(
        "console/bulk.html",
        given=given,
        tags=given.getlist("tag"),
        filters=FILTERS,
        actions=[one.value for one in BulkAction],
        count=count,
        problem=problem,
        undo_s=UNDO_MS // 1_000,
    )


def _wanted(given: MultiDict[str, str]) -> BulkRequest:
    """What the form says, read as the API reads it; raises ``InvalidInput``."""
    action = given.get("act", "")
    chosen: dict[str, Any] = {name: given[name] for name in FILTERS if given.get(name)}
    if tags := given.getlist("tag"):
        chosen |= {"tags": tags, "match": "all"}
    body: dict[str, Any] = {"action": action, "filter": chosen or {"all": True}}
    if action == BulkAction.PAUSE:
        body |= {name: text for name in ("note", "until") if (text := given.get(name, "").strip())}
    if action == BulkAction.RETAG:
        words = [word.strip() for word in given.get("tags", "").split(",") if word.strip()]
        body["add_tags"] = [one.removeprefix("+").strip() for one in words if one[0] != "-"]
        body["remove_tags"] = [one[1:].strip() for one in words if one[0] == "-"]
    try:
        found = BulkSchema().load(body)
    except ValidationError as error:
        raise invalid(error) from None
    wanted: BulkRequest = found.request
    return wanted
