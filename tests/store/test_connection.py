"""Whatever a server says that takes no commands now, the service hears one thing."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis

from app.errors import StoreUnavailable
from app.store.calls import Call, release_call
from app.store.channel import Channel
from app.store.connection import SOCKET_TIMEOUT_S, connect, translate
from app.store.scripts import Scripts


@pytest.mark.parametrize(
    "error",
    [
        redis.exceptions.ConnectionError("refused"),
        redis.exceptions.TimeoutError("late"),
        redis.exceptions.BusyLoadingError("loading"),
        redis.exceptions.ReadOnlyError("You can't write against a read only replica."),
        redis.exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
        redis.exceptions.ResponseError("MISCONF Valkey is configured to save RDB snapshots"),
        redis.exceptions.ResponseError("BUSY Redis is busy running a script."),
        redis.exceptions.ResponseError(
            "Command # 1 (ZREM qh:drains x) of pipeline caused error: MISCONF Errors writing"
        ),
        redis.exceptions.ResponseError(
            "Error running script (call to f_0): @user_script:9: @user_script: 9: -OOM command "
            "not allowed when used memory > 'maxmemory'."
        ),
    ],
    ids=str,
)
def test_it_is_away(error: redis.exceptions.RedisError) -> None:
    assert isinstance(translate(error), StoreUnavailable)


def test_a_mistake_of_ours_stays_one() -> None:
    error = redis.exceptions.ResponseError("WRONGTYPE Operation against a key, BUSY or not")
    assert translate(error) is error


def test_any_number_of_channels_may_follow_each_other(store_url: str) -> None:
    """Each drain has two: a worker that lives for months makes millions of them."""
    client = connect(store_url, max_connections=4)
    scripts = Scripts(client)
    for number in range(20):
        channel = Channel(client, scripts)
        channel.send(release_call(0, (), number, 1))
        answers: list[object] = []
        while not answers or answers[-1] is None:
            answers.append(channel.receive())
        assert answers[-1] == [0]
        channel.close()
    assert client.ping()
    client.close()


class Silent:
    """A connection that takes every command and never answers."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.disconnected = 0

    def connect(self) -> None:
        pass

    def send_packed_command(self, command: Any, *, check_health: bool) -> None:
        assert not check_health
        self.sent.append(command)

    def can_read(self, timeout: float) -> bool:
        return timeout > 0

    def disconnect(self) -> None:
        self.disconnected += 1


def test_a_call_without_an_answer_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that has died without a word must not keep a drain waiting for ever."""
    client = connect("redis://127.0.0.1:1/0")
    made = [Silent(), Silent()]
    monkeypatch.setattr(client, "new_connection", iter(made).__next__)
    channel = Channel(client, Scripts(client))
    channel.send(Call("renew_leases", [b"k"], [b"p", 1]))
    assert channel.receive() is None
    now_s = time.monotonic() + SOCKET_TIMEOUT_S
    monkeypatch.setattr("app.store.channel.time.monotonic", lambda: now_s)
    with pytest.raises(StoreUnavailable):
        channel.receive()
    assert channel.busy
    assert channel.receive() is None
    assert [len(one.sent) for one in made] == [1, 1]
    assert made[0].disconnected == 1
