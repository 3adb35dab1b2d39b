"""The application that the examples talk to: all of it, on a real store."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app.config import PREFIX
from app.factory import create_app
from app.runtime.local import LOCAL_TARGETS
from app.setting_variables import load_settings
from app.store.connecting import connect
from app.wiring.doubles import Doubles
from app.wiring.services import build_services
from tests.support.clock import FakeClock
from tests.support.services import FakeDrains, FakeUpkeep

EXAMPLES_NOW_MS = 1_798_761_600_000
"""2027-01-01: after what the examples call past, long before what they call future."""

SECRETS = {"MASTER_TOKEN": "m" * 32, "JWT_SECRET": "j" * 32, "SIGNING_SECRET": "s" * 32}


@contextlib.contextmanager
def application(store_url: str, **more: str) -> Iterator[Flask]:
    """The whole application on an empty store, with the settings of ``make run`` and ``more``."""
    environ = {PREFIX + name: value for name, value in {**SECRETS, **more}.items()}
    settings = load_settings({**environ, f"{PREFIX}ALLOW_PRIVATE_TARGETS": LOCAL_TARGETS})
    with connect(store_url) as store:
        doubles = Doubles(
            store=store,
            clock=FakeClock(EXAMPLES_NOW_MS),
            drain_queue=FakeDrains(),
            upkeep_queue=FakeUpkeep(),
        )
        yield create_app(build_services(settings, doubles))


@contextlib.contextmanager
def listening(app: Flask) -> Iterator[int]:
    """An application that listens; its port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,))
    serving.start()
    yield server.server_port
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def app(store_url: str) -> Iterator[Flask]:
    """The application that a test has for itself."""
    with application(store_url) as made:
        yield made


@pytest.fixture
def port(app: Flask) -> Iterator[int]:
    """The port on which the application listens."""
    with listening(app) as number:
        yield number
