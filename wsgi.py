"""The production entry point: ``gunicorn wsgi:app``."""

from __future__ import annotations

import os
import sys

from flask import Flask

from app.config import production_settings
from app.errors import ConfigError
from app.factory import create_app
from app.open_files import raise_open_file_limit
from app.wiring.services import build_services


def _make_app() -> Flask:
    """Read the settings and build the application; the store may still be away.

    Exits with code 2 and one line if the settings can't be used.
    """
    raise_open_file_limit()
    try:
        settings = production_settings(os.environ)
    except ConfigError as error:
        sys.stderr.write(f"qhronos: {error.message}\n")
        raise SystemExit(2) from None
    return create_app(build_services(settings))


app = _make_app()
