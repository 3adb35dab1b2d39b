"""The next request is built before its moment, and sent only for that."""

from __future__ import annotations

from typing import Any, cast

import pytest

from app.engine.next_request import FRESH_MS, NextRequest
from app.errors import InvalidInput
from app.store.claims import Claim
from tests.support.builders import a_claim
from tests.support.clock import NOW_MS


class Builder:
    """Notes which claims it has built requests of, and for when."""

    def __init__(self) -> None:
        self.built: list[tuple[Claim, int]] = []
        self.fails = False

    def __call__(self, claim: Claim, at_ms: int) -> Any:
        if self.fails:
            raise InvalidInput("no")
        self.built.append((claim, at_ms))
        return len(self.built)


@pytest.fixture
def builder() -> Builder:
    return Builder()


@pytest.fixture
def requests(builder: Builder) -> NextRequest:
    return NextRequest(cast("Any", builder))


def test_a_request_is_built_once_for_the_moment_at_which_it_is_sent(
    requests: NextRequest, builder: Builder
) -> None:
    one = a_claim(1)
    for _ in range(2):
        requests.prepare(one, NOW_MS)
    assert requests.of(one, NOW_MS + FRESH_MS) == cast("Any", 1)
    assert builder.built == [(one, NOW_MS)]


@pytest.mark.parametrize("late_ms", [-1, FRESH_MS + 1])
def test_it_is_built_anew_for_another_moment(
    requests: NextRequest, builder: Builder, late_ms: int
) -> None:
    one = a_claim(1)
    requests.prepare(one, NOW_MS)
    requests.of(one, NOW_MS + late_ms)
    assert builder.built == [(one, NOW_MS), (one, NOW_MS + late_ms)]


def test_what_comes_before_the_next_has_a_request_of_its_own(
    requests: NextRequest, builder: Builder
) -> None:
    nearer, one = a_claim(1), a_claim(2)
    requests.prepare(one, NOW_MS + 5)
    requests.of(nearer, NOW_MS)
    requests.of(one, NOW_MS + 5)
    assert builder.built == [(one, NOW_MS + 5), (nearer, NOW_MS)]


def test_one_that_cannot_be_built_fails_when_it_is_sent(
    requests: NextRequest, builder: Builder
) -> None:
    one, builder.fails = a_claim(1), True
    requests.prepare(one, NOW_MS)
    with pytest.raises(InvalidInput):
        requests.of(one, NOW_MS)
    requests.prepare(None, None)
