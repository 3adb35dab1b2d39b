"""The application: services in, Flask out."""

from __future__ import annotations

from flask import Flask

from app.api import (
    acknowledgements,
    audit,
    auth,
    calendars,
    events,
    feed,
    flows,
    occurrences,
    planning,
    retries,
    rotation,
    service,
    tokens,
)
from app.api.context import attach_services
from app.api.cors import register_cors
from app.api.credentials import Credentials
from app.api.dashboard import register_dashboard
from app.api.docs import Documentation, make_api
from app.api.errors import register_errors
from app.api.headers import register_headers
from app.api.limits import register_limits
from app.api.loops import register_loops
from app.api.ports import Services
from app.api.proxies import register_proxies

PARTS = (
    events,
    planning,
    rotation,
    occurrences,
    acknowledgements,
    retries,
    flows,
    calendars,
    feed,
    tokens,
    audit,
    service,
)


def create_app(services: Services) -> Flask:
    """Make the application around its services; nothing is connected to yet."""
    app = Flask("app.api", static_folder=None)
    # A path has one spelling: others are 404, not a redirect that drops the request's body.
    app.url_map.merge_slashes = False
    attach_services(app, services)
    app.extensions[auth.EXTENSION] = Credentials(
        app, services.settings, services.clock, services.tokens
    )
    register_proxies(app, services.settings.trusted_proxies)
    register_headers(app)
    register_loops(app)
    register_cors(app, services.settings.cors_origins)
    register_errors(app)
    register_limits(app, services.settings)
    api = make_api(app)
    for part in PARTS:
        api.register_blueprint(part.blueprint)
    Documentation(api).register(app, public=services.settings.docs_public)
    register_dashboard(app, services.settings)
    return app
