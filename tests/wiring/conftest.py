"""A process with a double for everything outside, and parts to look into."""

from __future__ import annotations

from typing import Any

import pytest

from app.config import Settings
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine, build_engine
from tests.support.clock import FakeClock
from tests.support.fake_store import fake_client
from tests.support.services import FakeDrains, FakeUpkeep
from tests.wiring.parts import NOWHERE, SECRETS


class NoSender:
    """Sends nothing; see ``app.engine.sender``."""


@pytest.fixture
def settings() -> Settings:
    return Settings(**SECRETS, redis_url=NOWHERE, partitions=4)


@pytest.fixture
def doubles() -> Doubles:
    sender: Any = NoSender()
    return Doubles(
        store=fake_client(),
        clock=FakeClock(),
        drain_queue=FakeDrains(),
        upkeep_queue=FakeUpkeep(),
        sender=sender,
    )


@pytest.fixture
def process(settings: Settings, doubles: Doubles) -> Engine:
    """A worker process; with ``services`` that of the API."""
    return build_engine(settings, doubles)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The addresses that are connected to; each is refused."""
    tried: list[object] = []

    def refuse(_socket: object, address: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.socket.connect_ex", refuse)
    return tried
