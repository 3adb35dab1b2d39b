"""The production entry point: ``gunicorn wsgi:app``."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from pathlib import Path

from flask import Flask

from app.config import Settings
from app.errors import ConfigError, StoreUnavailable
from app.factory import create_app
from app.http_server.generations import ended_before, name_of_worker
from app.logs import say
from app.open_files import raise_open_file_limit
from app.services.metrics import CountService
from app.services.processes import ProcessService, name_process
from app.setting_readers import environment
from app.setting_variables import production_settings
from app.store.connection_names import name_connections
from app.tracing.span import Tracing
from app.tracing.start import start_tracing
from app.wiring.services import build_services

APP_LOAD_ERROR = 4
"""gunicorn starts a worker that ends with another code again and again."""

LEAVE_S = 1.0
"""How long the beginning and the end of a process wait for the store to hear of it."""


def _make_app() -> Flask:
    """Read the settings and build the application; the store may still be away.

    Exits with one line if the settings can't be used, or gunicorn has not read its own.
    """
    _require_settings_of_gunicorn()
    raise_open_file_limit()
    name_connections("web")
    if _is_under_gunicorn():
        name_process(name_of_worker())
    try:
        settings = production_settings(os.environ)
    except ConfigError as error:
        raise _end(error.message) from None
    services = build_services(settings)
    tracing = start_tracing(environment(os.environ), "web", services.storage.registry)
    _announce(services.processes, services.counts, tracing)
    return create_app(services, tracing)


def _require_settings_of_gunicorn() -> None:
    """Under gunicorn, see that it has read ``gunicorn.conf.py``.

    It looks for the file only where it is started, not where ``--chdir`` leads, and serves without
    it: with one worker on another port, and with no limits.
    """
    read = vars(sys.modules.get("__config__", sys))  # gunicorn's name for that file
    if _is_under_gunicorn() and not isinstance(read.get("settings"), Settings):
        directory = Path(__file__).resolve().parent
        raise _end(
            f"gunicorn has not read its settings: start it in {directory}, or with "
            f"'-c {directory}/gunicorn.conf.py'."
        )


def _is_under_gunicorn() -> bool:
    return "gunicorn.arbiter" in sys.modules


def _end(message: str) -> SystemExit:
    say(f"qhronos: {message}", os.environ)
    return SystemExit(APP_LOAD_ERROR if _is_under_gunicorn() else 2)


def _announce(processes: ProcessService, counts: CountService, tracing: Tracing | None) -> None:
    """Count among the processes that are alive, until this one ends.

    From before its first request, unless the store is away: what nobody alive does is done by
    another one. Workers of the same master that were killed count no more.
    """

    def begin() -> None:
        processes.bury(ended_before())
        with contextlib.suppress(StoreUnavailable):
            processes.announce()

    beginning = threading.Thread(target=begin, name="announce-first", daemon=True)
    beginning.start()
    beginning.join(LEAVE_S)
    stop = threading.Event()
    thread = processes.start(stop)

    def leave() -> None:
        stop.set()
        thread.join(LEAVE_S)
        if tracing is not None:
            tracing.close(LEAVE_S)
        counts.leave()

    atexit.register(leave)


app = _make_app()
