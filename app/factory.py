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
    occurrences,
    planning,
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
from app.api.ports import Services


def create_app(services: Services) -> Flask:
    """Make the application around its services; nothing is connected to yet."""
    app = Flask("app.api", static_folder=None)
    # A path has one spelling: others are 404, not a redirect that drops the request's body.
    app.url_map.merge_slashes = False
    attach_services(app, services)
    app.extensions[auth.EXTENSION] = Credentials(
        app, services.settings, services.clock, services.tokens
    )
    register_headers(app)
    register_cors(app, services.settings.cors_origins)
    register_errors(app)
    register_limits(app, services.settings)
    api = make_api(app)
    for part in (
        *(events, planning, rotation, occurrences, acknowledgements),
        *(calendars, feed, tokens, audit, service),
    ):
        api.register_blueprint(part.blueprint)
    Documentation(api).register(app, public=services.settings.docs_public)
    register_dashboard(app, services.settings)
    return app
