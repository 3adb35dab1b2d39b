"""One application for all rows: refused requests leave nothing behind."""

from __future__ import annotations

import pytest

from app.factory import create_app
from tests.api.conftest import with_token
from tests.api.fakes import MASTER_TOKEN, FakeServices


@pytest.fixture(scope="module")
def services():
    return FakeServices()


@pytest.fixture(scope="module")
def client(services):
    return with_token(create_app(services), MASTER_TOKEN)


@pytest.fixture(autouse=True)
def _nothing_happens(services):
    """No refused request writes."""
    yield
    assert services.events.writes == 0
    assert services.events.stored == {}
