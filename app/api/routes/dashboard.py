"""``/rq``: RQ's own dashboard, for admins to look at and not to touch.

It brings no guard of its own, changes queues on a ``GET``, fails on unknown names and reads jobs
as pickles; all of that is dealt with here. Its pages run scripts from text, which their policy
has to allow; nothing may be loaded from or sent elsewhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Flask, Response, current_app, g, request
from rq import Worker
from rq.exceptions import NoSuchJobError
from rq.serializers import JSONSerializer
from rq_dashboard import web
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.api.http.auth import READING, credentials, require_admin
from app.config import Settings
from app.errors import NotFound, StoreUnavailable
from app.store.brokers import connect_broker_briefly

PREFIX = "/rq"
TIMEOUT_S = 5.0
NAME = "rq_dashboard"
CHALLENGE = 'Basic realm="qhronos", charset="UTF-8"'
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_CHANGING = f"{NAME}.requeue_all"
"""What changes queues although it can be had by ``GET``."""

_FILES = frozenset({f"{NAME}.static", f"{NAME}.favicon"})
_UNKNOWN_NAMES = (NoSuchJobError, LookupError, ValueError, UnboundLocalError, ZeroDivisionError)
"""How the dashboard fails for a job, a registry or a page that does not exist."""

_log = logging.getLogger(__name__)


class _JsonWorkers:
    """Stands in for the class that lists workers, so that their jobs are read as JSON."""

    @staticmethod
    def all(connection: Any) -> list[Any]:
        return Worker.all(connection=connection, serializer=JSONSerializer)


def register_dashboard(app: Flask, settings: Settings) -> None:
    """Mount the dashboard of the broker; nothing is connected to before it is looked at."""
    broker = settings.broker
    if not broker:
        return
    web.config.serializer = JSONSerializer
    web.Worker = _JsonWorkers
    # (What it would connect to by itself, with each page anew, and what its pages call that.)
    app.config.update(RQ_DASHBOARD_REDIS_URL=("broker",), RQ_DASHBOARD_DISABLE_DELETE=True)
    client = connect_broker_briefly(broker, settings.broker_login, TIMEOUT_S)
    vars(app)["redis_conn"] = client
    web.from_url = _given
    app.before_request(_guard)
    app.after_request(_allow_scripts)
    app.register_blueprint(web.blueprint, url_prefix=PREFIX)
    # Its pages take their icon from the application's own files, of which there are none.
    app.add_url_rule(f"{PREFIX}/static/<path:filename>", "static", build_only=True)
    for endpoint in [name for name in app.view_functions if name.startswith(f"{NAME}.")]:
        if endpoint not in _FILES:
            app.view_functions[endpoint] = _shielded(app.view_functions[endpoint])


def _given(*_: object, **__: object) -> tuple[None, Any]:
    """Stands in for the dashboard's way to connect: our factory knows Sentinels and passwords."""
    return None, cast("Any", current_app).redis_conn


def _guard() -> None:
    """Let admins look, by bearer token or, for browsers, with the token as password."""
    if request.blueprint != NAME:
        return
    g.challenge = CHALLENGE
    given = request.authorization
    if given is not None and given.type == "basic":
        g.bearer = credentials().bearer_of((given.password or "").encode())
    require_admin()
    if request.method not in READING or request.endpoint == _CHANGING:
        raise MethodNotAllowed([], "The dashboard is for looking at only.")
    if (request.view_args or {}).get("instance_number", 0) != 0:
        raise NotFound("There is one broker only, number 0.")


def _shielded(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def wrapper(**kwargs: Any) -> Any:
        try:
            # One page would otherwise say "Connection Error" as a success.
            cast("Any", current_app).redis_conn.ping()
            return view(**kwargs)
        except HTTPException:
            raise
        except _UNKNOWN_NAMES:
            raise NotFound("The dashboard knows nothing by this name.") from None
        except Exception as error:
            _log.warning("the dashboard failed: %s", type(error).__name__)
            raise StoreUnavailable("The broker does not answer; try again shortly.") from error

    return wrapper


def _allow_scripts(answer: Response) -> Response:
    if request.blueprint == NAME and answer.mimetype == "text/html":
        answer.headers["Content-Security-Policy"] = POLICY
    return answer
