"""A sender that may reach this host, and a receiver on it."""

from __future__ import annotations

import pytest

from app.delivery.sender import CurlSender
from tests.support.deliveries import LOCAL
from tests.support.receiver import Receiver


@pytest.fixture
def sender():
    made = CurlSender(LOCAL, 64)
    yield made
    made.close()


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made
