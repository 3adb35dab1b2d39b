"""What belongs to the application and to the request at hand."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from app.store.shards import Shards
from app.wiring.services import Services

EXTENSION = "qhronos"


def attach_services(app: Flask, services: Services) -> None:
    """Hand the services to an application; views find them with ``services()``."""
    app.extensions[EXTENSION] = services


def without_requests(services: Services) -> Flask:
    """Make an application for a process that serves none: schemas find its services, too."""
    app = Flask("app.api", static_folder=None)
    attach_services(app, services)
    return app


def services() -> Services:
    """Return the services of the application that is handling this request."""
    return cast("Services", current_app.extensions[EXTENSION])


def shards() -> Shards:
    """Return the shards of the store."""
    storage = services().storage
    return Shards(storage.client, storage.partitions)
