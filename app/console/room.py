"""Puts the console into the application: its pages, its files, its errors as pages."""

from __future__ import annotations

import logging
import operator
from typing import Any, NamedTuple

from flask import Blueprint, Flask, Response, g, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app import __version__
from app.api.http.context import services
from app.api.http.errors import BROKEN, RETRY_AFTER_SECONDS, STATUS
from app.api.http.icalendar_body import MAX_BYTES
from app.api.http.partial import reads_what_is_there
from app.api.http.rate_limit import SESSIONS
from app.api.schemas.validation import invalid
from app.console import session
from app.console.pages import (
    agenda,
    alerts,
    audit,
    bulk,
    calendars,
    dead_letters,
    event,
    event_form,
    events,
    flows,
    load,
    now,
    occurrence,
    playground,
    sign_in,
    stream,
    tokens,
    workers,
)
from app.console.show import register_filters
from app.errors import NotFound, QhronosError, StoreUnavailable
from app.store.left_out import left_out

NAME = "console"
PREFIX = "/console"
OPEN = frozenset({"console.sign_in", "console.sign_in_with", "console.make_link", "console.static"})
"""What is there for everybody."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NO_PAGE = "The console has no such page."
PAGES = (
    *(now, events, bulk, event, event_form, occurrence, dead_letters, sign_in),
    *(agenda, load, playground, flows, calendars, alerts, tokens, audit, workers, stream),
)
LARGEST = MAX_BYTES + 65_536
"""Bytes of a form: a calendar file, and the fields beside it."""


class _Pages(Blueprint):
    """Pages show what there is of a cluster while one of its shards is away."""

    def add_url_rule(self, rule: str, endpoint: str | None = None, *rest: Any, **how: Any) -> None:
        """See ``flask.Blueprint.add_url_rule``."""
        view, *others = rest or [how.pop("view_func", None)]
        if view is not None and "methods" not in how:
            view = reads_what_is_there(view)
        super().add_url_rule(rule, endpoint, view, *others, **how)


class MenuEntry(NamedTuple):
    """What the bar leads to: an endpoint, its name, and the keys for it."""

    endpoint: str
    name: str
    keys: str = ""
    admins: bool = False


PLACES = (
    MenuEntry("console.now", "Now", "g n"),
    MenuEntry("console.events", "Events", "g e"),
    MenuEntry("console.agenda", "Agenda", "g a"),
    MenuEntry("console.load", "Load", "g l"),
    MenuEntry("console.dead_letters", "Dead letters", "g d"),
    MenuEntry("console.flows", "Flows", "g f"),
)
MORE = (
    MenuEntry("console.playground", "Playground", "g p"),
    MenuEntry("console.calendars", "Calendars", "g c"),
    MenuEntry("console.alerts", "Alerts", "g r"),
    MenuEntry("console.tokens", "Tokens", "g t", admins=True),
    MenuEntry("console.audit", "Audit", "g u", admins=True),
    MenuEntry("console.workers", "Workers", "g w", admins=True),
    MenuEntry("guide", "Guide"),
)
"""What fewer people need, or less often."""

_log = logging.getLogger(__name__)


def register_console(app: Flask) -> None:
    """Serve the console under ``/console/``; ``/`` leads there."""
    blueprint = _Pages(
        NAME, __name__, url_prefix=PREFIX, template_folder="templates", static_folder="static"
    )
    for page in PAGES:
        page.add_to(blueprint)
    blueprint.add_url_rule("/<path:_rest>", "missing", _missing, methods=["GET", "POST"])
    blueprint.before_request(_guard)
    blueprint.after_request(_finish)
    blueprint.context_processor(_context)
    blueprint.register_error_handler(QhronosError, _tell)
    blueprint.register_error_handler(HTTPException, _tell_http)
    blueprint.register_error_handler(ValidationError, lambda error: _tell(invalid(error)))
    blueprint.register_error_handler(Exception, _tell_unexpected)
    app.register_blueprint(blueprint)
    app.add_url_rule("/", "start", lambda: redirect(url_for("console.now"), 303))
    app.extensions[SESSIONS] = session.bearer_of_session
    register_filters(app)


def _guard() -> AnyResponse | None:
    request.max_content_length = LARGEST
    if request.endpoint in OPEN:
        return None
    led_elsewhere = session.require_session()
    # A page that is still open asks again: this ends it, a page to sign in on would be no stream
    # (HTML, section 9.2.3: with 204 a client connects no more).
    is_stream = request.endpoint == "console.stream"
    return Response(status=204) if led_elsewhere and is_stream else led_elsewhere


def _context() -> dict[str, object]:
    """What every template may use."""
    signed_in = "session" in g
    is_admin = signed_in and g.bearer.access.is_admin
    more = [one for one in MORE if is_admin or not one.admins]
    return {
        "version": __version__,
        "asker": g.bearer.access if signed_in else None,
        "form_token": session.form_token(),
        "places": PLACES,
        "more": more,
        "all_places": (*PLACES, *more),
        "missing": len(left_out()),
        "partitions": operator.index(services().storage.partitions),
        "is_part": request.headers.get("X-Part") is not None,
    }


def _missing(_rest: str) -> AnyResponse:
    raise NotFound(NO_PAGE)


def _finish(answer: Response) -> Response:
    if answer.mimetype == "text/html":
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def _page(status: int, message: str) -> tuple[str, int, dict[str, str]]:
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if status in (429, 503) else {}
    text = render_template("console/error.html", status=status, message=message)
    return text, status, headers


def _tell(error: QhronosError) -> tuple[str, int, dict[str, str]]:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    if status == 500:
        return _tell_unexpected(error)
    if isinstance(error, StoreUnavailable):
        _log.warning("a page of the console can't be made: %s", error.message)
    return _page(status, error.message)


def _tell_http(error: HTTPException) -> AnyResponse | tuple[str, int, dict[str, str]]:
    code = error.code or 500
    if code < 400:
        return error.get_response(request.environ)
    return _page(code, NO_PAGE if code == 404 else error.description or error.name)


def _tell_unexpected(error: Exception) -> tuple[str, int, dict[str, str]]:
    _log.error("unexpected error; request %s", g.get("request_id"), exc_info=error)
    return _page(500, BROKEN)
