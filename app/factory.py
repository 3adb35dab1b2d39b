"""The application: services in, Flask out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask

from app.api.http import auth
from app.api.http.computing import register_shares
from app.api.http.context import attach_services
from app.api.http.cors import register_cors
from app.api.http.credentials import Bearer, Credentials
from app.api.http.durability import register_durability
from app.api.http.errors import register_errors
from app.api.http.headers import register_headers
from app.api.http.loops import register_loops
from app.api.http.metering import register_metering
from app.api.http.methods import register_methods
from app.api.http.packing import register_packing
from app.api.http.proxies import register_proxies
from app.api.http.public_urls import register_public_urls
from app.api.http.rate_limit import register_limits
from app.api.http.request_log import register_request_log
from app.api.http.store_check import register_store_check
from app.api.http.tracing import register_tracing
from app.api.routes import (
    acknowledgements,
    alerts,
    audit,
    badges,
    bulk,
    calendars,
    changes,
    event_batch,
    event_keys,
    events,
    feed,
    flows,
    forecast,
    imports,
    occurrences,
    planning,
    redeliveries,
    secret_rotation,
    service,
    slos,
    stats,
    tag_secrets,
    tokens,
)
from app.api.routes.canary import register_canary
from app.api.routes.dashboard import NAME as DASHBOARD
from app.api.routes.dashboard import register_dashboard
from app.api.routes.docs import Documentation, make_api
from app.api.routes.guide import BUILT, Guide
from app.console.room import NAME as CONSOLE
from app.console.room import register_console
from app.live.desk import EXTENSION as LIVE
from app.live.desk import Desk
from app.services.problems.rate_limit import rate_limit
from app.tracing.span import Tracing
from app.wiring.services import Services

PARTS = (
    events,
    event_batch,
    bulk,
    event_keys,
    planning,
    forecast,
    stats,
    slos,
    badges,
    secret_rotation,
    occurrences,
    acknowledgements,
    imports,
    redeliveries,
    flows,
    calendars,
    alerts,
    changes,
    feed,
    tokens,
    tag_secrets,
    audit,
    service,
)


class _Application(Flask):
    """Flask, whose views and hooks are plain functions: it need not look at each time."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function as it is."""
        return func


def create_app(services: Services, tracing: Tracing | None = None) -> Flask:
    """Make the application around its services; nothing is connected to yet.

    ``tracing``: what its requests are traced with, if they are.
    """
    app = _Application("app.api", static_folder=None)
    # A path has one spelling: what has more slashes is 404.
    app.url_map.merge_slashes = False
    attach_services(app, services)
    register_metering(app, frozenset({CONSOLE, DASHBOARD}))
    credentials = app.extensions[auth.EXTENSION] = Credentials(app, services.settings)
    app.extensions[LIVE] = partial(_live_desk, app, services, credentials)
    register_proxies(app, services.settings)
    register_packing(app, frozenset({CONSOLE, DASHBOARD}))
    register_headers(app)
    register_request_log(app, services.settings.log_sample)
    if tracing is not None:
        register_tracing(app, tracing)
    counts_alone = register_limits(app, services.settings)  # before all that refuses: it counts
    services.own_checks.append(rate_limit(counts_alone))
    register_loops(app)
    register_cors(app, services.settings.cors_origins)
    register_errors(app)
    register_methods(app)
    register_public_urls(app)
    register_shares(app, services.settings.web_threads)
    register_store_check(app, {CONSOLE, *(part.blueprint.name for part in PARTS)})
    register_durability(
        app, {part.blueprint.name for part in PARTS if part is not acknowledgements}
    )
    api = make_api(app)
    for part in PARTS:
        api.register_blueprint(part.blueprint)
    Documentation(api).register(app, public=services.settings.docs_public)
    Guide(BUILT).register(app, public=services.settings.docs_public)
    register_canary(app, services.settings)
    register_dashboard(app, services.settings)
    register_console(app)
    return app


def _live_desk(app: Flask, services: Services, credentials: Credentials) -> Desk:
    def judge(token: bytes) -> Bearer:
        with app.app_context():
            return credentials.bearer_of(token)

    return Desk(
        judge,
        services.storage.live,
        services.acknowledgements,
        services.crypto.ack_tokens,
        services.storage.occurrences,
        services.tokens,
        services.clock,
    )
