"""One occurrence: why it is where it is, and each of its attempts."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import access
from app.api.http.context import services
from app.console import acts
from app.console.attempts import attempt_views
from app.console.wording import sentence
from app.domain.occurrence import ENDED
from app.errors import Conflict


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    path = "/occurrences/<occurrence_id>"
    console.add_url_rule(path, "occurrence", show)
    console.add_url_rule(f"{path}/redeliver", "redeliver", redeliver, methods=["POST"])


def show(occurrence_id: str, problem: str | None = None) -> str:
    """The occurrence and its attempts on one axis."""
    found = services().occurrences.get(occurrence_id, access())
    (placed,) = services().overview.placed([found], access())
    event = placed.event
    return render_template(
        "console/occurrence.html",
        occurrence=found,
        occurrence_id=occurrence_id,
        event=event,
        sentence=sentence(found, event),
        attempts=attempt_views(list(services().occurrences.attempts(occurrence_id, access()))),
        may_redeliver=found.status in ENDED and found.status != "completed" and event is not None,
        problem=problem,
        since=request.args.get("since"),
    )


def redeliver(occurrence_id: str) -> AnyResponse | tuple[str, int]:
    """Attempt it again."""
    try:
        acts.redeliver(occurrence_id=occurrence_id)
    except Conflict as error:
        return show(occurrence_id, error.message), 409
    return redirect(url_for("console.occurrence", occurrence_id=occurrence_id), 303)
