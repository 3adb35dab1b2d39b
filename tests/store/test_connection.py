"""Whatever a server says that takes no commands now, the service hears one thing."""

from __future__ import annotations

import pytest
import redis

from app.errors import StoreUnavailable
from app.store.calls import release_call
from app.store.channel import Channel
from app.store.connection import _translate, connect
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
    assert isinstance(_translate(error), StoreUnavailable)


def test_a_mistake_of_ours_stays_one() -> None:
    error = redis.exceptions.ResponseError("WRONGTYPE Operation against a key, BUSY or not")
    assert _translate(error) is error


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
        assert answers[-1] == 0
        channel.close()
    assert client.ping()
    client.close()
