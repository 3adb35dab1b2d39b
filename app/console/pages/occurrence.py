"""One occurrence: why it is where it is, and each of its attempts."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import access
from app.api.http.context import services
from app.console import acts
from app.console.attempts import attempt_views
from app.console.curl import curl_of
from app.console.show import length, stamp
from app.console.wording import sentence
from app.crypto.encryption import DecryptionFailed
from app.domain import ids
from app.domain.occurrence import ENDED, Occurrence
from app.errors import Conflict, NotFound


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    path = "/occurrences/<occurrence_id>"
    console.add_url_rule(path, "occurrence", show)
    console.add_url_rule(f"{path}/redeliver", "redeliver", redeliver, methods=["POST"])
    console.add_url_rule(f"{path}/curl", "curl", show_curl)


def show(occurrence_id: str, problem: str | None = None) -> str:
    """The occurrence and its attempts on one axis."""
    found = _find(occurrence_id)
    (placed,) = services().overview.placed([found], access())
    event = placed.event
    return render_template(
        "console/occurrence.html",
        occurrence=found,
        occurrence_id=occurrence_id,
        event=event,
        sentence=sentence(found, event, services().clock.now_ms()),
        attempts=attempt_views(list(services().occurrences.attempts(occurrence_id, access()))),
        may_copy=event is not None and found.callback_of is None,
        may_redeliver=found.status in ENDED and found.status != "completed" and event is not None,
        problem=problem,
    )


def show_curl(occurrence_id: str) -> str | tuple[str, int]:
    """The request of its last attempt as a command, signed for who may have it redelivered."""
    found = _find(occurrence_id)
    copy, problem = None, None
    try:
        copy = services().request_copies.of(occurrence_id, access())
    except (Conflict, NotFound, DecryptionFailed) as error:
        problem = error.message
    text = render_template(
        "console/curl.html",
        occurrence=found,
        occurrence_id=occurrence_id,
        copy=copy,
        command=curl_of(copy) if copy else None,
        problem=problem,
    )
    return text, 409 if problem else 200


def _find(occurrence_id: str) -> Occurrence:
    """The occurrence; what an old link led to is told by what its id says."""
    try:
        return services().occurrences.get(occurrence_id, access())
    except NotFound as error:
        raise NotFound(_gone(occurrence_id) or error.message) from None


def _gone(occurrence_id: str) -> str | None:
    raw = ids.from_text(occurrence_id, version=8)
    keep_ms = services().settings.retention_occurrences_ms
    if raw is None:
        return None
    at_ms = ids.created_ms(raw)  # an occurrence's id begins with its time
    if at_ms > services().clock.now_ms() - keep_ms:
        return None
    return (
        f"This was an occurrence of {stamp(at_ms)}. Its record is deleted {length(keep_ms)} after "
        "its end, so what happened to it is not known any more."
    )


def redeliver(occurrence_id: str) -> AnyResponse | tuple[str, int]:
    """Attempt it again."""
    try:
        acts.redeliver(occurrence_id=occurrence_id)
    except Conflict as error:
        return show(occurrence_id, error.message), 409
    return redirect(url_for("console.occurrence", occurrence_id=occurrence_id), 303)
