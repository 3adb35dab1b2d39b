"""Whatever a server says that takes no commands now, the service hears one thing."""

from __future__ import annotations

import pytest
import redis

from app.errors import StoreUnavailable
from app.store.connection import _translate


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
