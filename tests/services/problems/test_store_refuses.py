"""A store that is full, loading or away is told of with its reason, and never with its address."""

from __future__ import annotations

import pytest
import redis

from app.errors import StoreUnavailable
from app.services.problems.problem import ProblemCode, StatusFigures
from app.services.problems.store_refuses import store_away, store_refuses
from app.store.connecting import connect
from app.store.coordination import Coordination

FIGURES = StatusFigures(now_ms=0, lag_ms=0, queue_depth=0, workers=2)


def away(cause: Exception | None) -> StoreUnavailable:
    error = StoreUnavailable()
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (redis.exceptions.BusyLoadingError("LOADING"), "The store is loading its data."),
        (
            redis.exceptions.ResponseError("MASTERDOWN Link with MASTER is down"),
            "The store is a replica that has lost its primary.",
        ),
        (redis.exceptions.TimeoutError(), "The store does not answer in time."),
        (
            redis.exceptions.AuthenticationError("WRONGPASS invalid username-password pair"),
            "The store does not take its user and password: correct QHRONOS_REDIS_URL,",
        ),
        (ConnectionRefusedError(111, "refused"), "The store does not answer; try again shortly."),
        (None, "The store does not answer; try again shortly."),
    ],
)
def test_a_store_that_is_away_is_told_with_its_reason(cause: Exception | None, says: str) -> None:
    problem = store_away(away(cause))
    assert problem.code is ProblemCode.STORE_AWAY
    assert problem.message.startswith(says)
    assert " Until it serves, nothing is accepted" in problem.message


def test_a_real_store_that_is_full_refuses_writes_and_says_so(store_url: str) -> None:
    client, operator = connect(store_url), redis.Redis.from_url(store_url)
    check = store_refuses(Coordination(client).check_writable)
    try:
        assert list(check(FIGURES)) == []
        operator.config_set("maxmemory", 1)
        (problem,) = check(FIGURES)
        assert problem.code is ProblemCode.STORE_REFUSES
        assert problem.message.startswith("The store is full (maxmemory)")
        assert store_url.partition("://")[2] not in problem.message
    finally:
        operator.config_set("maxmemory", 0)
        operator.close()
        client.close()
