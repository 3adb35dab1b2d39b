"""The production entry point: ``gunicorn wsgi:app``."""

from __future__ import annotations

import atexit
import os
import sys
import threading

from flask import Flask

from app.config import production_settings
from app.errors import ConfigError
from app.factory import create_app
from app.open_files import raise_open_file_limit
from app.services.processes import ProcessService
from app.store.connection import name_connections
from app.wiring.services import build_services

LEAVE_S = 1.0
"""How long the end of a process waits for the store to hear of it."""


def _make_app() -> Flask:
    """Read the settings and build the application; the store may still be away.

    Exits with code 2 and one line if the settings can't be used.
    """
    raise_open_file_limit()
    name_connections("web")
    try:
        settings = production_settings(os.environ)
    except ConfigError as error:
        sys.stderr.write(f"qhronos: {error.message}\n")
        raise SystemExit(2) from None
    services = build_services(settings)
    _announce(services.processes)
    return create_app(services)


def _announce(processes: ProcessService) -> None:
    """Count among the processes that are alive, until this one ends."""
    stop = threading.Event()
    thread = processes.start(stop)

    def leave() -> None:
        stop.set()
        thread.join(LEAVE_S)

    atexit.register(leave)


app = _make_app()
