"""RQ's Redis is the broker's, and only what is used has a client of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.config import Settings
from app.errors import StoreUnavailable
from app.wiring.doubles import NO_DOUBLES
from app.wiring.queues import Queues


def test_each_queue_has_a_client_of_its_own_to_the_broker(settings: Settings) -> None:
    queues = Queues(replace(settings, broker_url="redis://127.0.0.1:2/3"), NO_DOUBLES)
    clients = [
        queues.drains._queue.connection,  # type: ignore[attr-defined]
        queues.upkeep._queue.connection,  # type: ignore[attr-defined]
        queues.upkeep_schedule._queue.connection,
    ]
    assert len({id(client) for client in clients}) == 3
    for client in clients:
        assert client.connection_pool.connection_kwargs["port"] == 2
        assert client.connection_pool.connection_kwargs["db"] == 3


def test_without_a_broker_it_is_the_store(settings: Settings) -> None:
    client = Queues(settings, NO_DOUBLES).upkeep_schedule._queue.connection
    assert client.connection_pool.connection_kwargs["port"] == 1


def test_a_broker_that_is_away_is_told_in_the_service_s_words(
    settings: Settings, connections: list[object]
) -> None:
    with pytest.raises(StoreUnavailable):
        Queues(settings, NO_DOUBLES).drains.enqueue_drain()
    assert connections
