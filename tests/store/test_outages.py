"""Why the store is away is logged at once, and rarely after that."""

from __future__ import annotations

import logging

import pytest
import redis

from app.errors import StoreUnavailable
from app.store import connection
from app.store.causes import Server
from app.store.connecting import connect
from app.store.outages import SAY_AGAIN_S, Outages

SERVER = Server("QHRONOS_REDIS_URL", "host:6379", tls=False, has_password=False)


def test_the_same_cause_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [1_000.0]
    outages = Outages(lambda: now[0])
    for _ in range(3):
        outages.tell(redis.exceptions.TimeoutError("late"), SERVER)
    outages.tell(redis.exceptions.BusyLoadingError("x", status_code="LOADING"), SERVER)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "does not answer in time" in caplog.messages[0]
    assert "is loading its data" in caplog.messages[1]
    now[0] += SAY_AGAIN_S
    outages.tell(redis.exceptions.TimeoutError("late"), SERVER)
    assert len(caplog.records) == 3


def test_a_password_that_changes_while_we_run_is_named_and_heals(
    store_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls fail as they do while the store is away, until the password is as it was."""
    monkeypatch.setattr(connection, "OUTAGES", Outages())
    client = connect(store_url, retries=0)
    client.ping()
    operator = redis.Redis.from_url(store_url)
    operator.config_set("requirepass", "another")
    try:
        operator.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        for ask in (client.ping, client.pipeline().ping().execute, lambda: client.direct("PING")):
            with pytest.raises(StoreUnavailable):
                ask()
        assert [m for m in caplog.messages if "requires a password" in m] == caplog.messages[:1]
        assert "QHRONOS_REDIS_URL" in caplog.messages[0]
    finally:
        operator.config_set("requirepass", "")
    assert client.ping()
    assert client.direct("PING") in (b"PONG", "PONG")
