"""The document, made once."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.factory import create_app
from app.wiring.services import build_services
from tests.api.application import NOBODY_LISTENS, settings_for


@pytest.fixture(scope="session")
def documented() -> Flask:
    """An application; that nobody listens does not matter to its document."""
    return create_app(build_services(settings_for(NOBODY_LISTENS)))


@pytest.fixture(scope="session")
def document(documented: Flask) -> dict[str, Any]:
    return dict(documented.test_client().get("/openapi.json").json)


@pytest.fixture(scope="session")
def older(documented: Flask) -> dict[str, Any]:
    return dict(documented.test_client().get("/openapi-3.0.json").json)
