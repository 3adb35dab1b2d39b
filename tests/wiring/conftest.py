"""A process with a double for everything outside, and parts to look into."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.config import Settings
from app.store.connecting import connect
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine, build_engine
from tests.support.clock import FakeClock
from tests.support.services import FakeDrains, FakeUpkeep
from tests.wiring.parts import NOWHERE, SECRETS


class NoSender:
    """Sends nothing; see ``app.engine.sender``."""


@pytest.fixture
def settings() -> Settings:
    return Settings(**SECRETS, redis_url=NOWHERE, partitions=4)


@pytest.fixture
def doubles(store_url: str) -> Iterator[Doubles]:
    """The store's is a client of another server than the settings name."""
    sender: Any = NoSender()
    with connect(store_url) as store:
        yield Doubles(
            store=store,
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
def connections(monkeypatch: pytest.MonkeyPatch, store_server: str) -> list[object]:
    """The addresses that are connected to, but for the double's; each is refused."""
    tried: list[object] = []
    connect_to = socket.socket.connect
    of_double = urlsplit(store_server).path

    def refuse(from_socket: socket.socket, address: Any) -> None:
        if address == of_double:
            connect_to(from_socket, address)
            return
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.socket.connect_ex", refuse)
    return tried
