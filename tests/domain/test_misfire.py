"""The ``misfire`` of an event."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.misfire import DEFAULT, MisfirePolicy, parse_misfire
from app.errors import InvalidInput


def test_what_is_left_out_is_the_default() -> None:
    assert parse_misfire({}) == DEFAULT == MisfirePolicy(300_000, "fire_once", 100)


def test_everything_can_be_given() -> None:
    given = {"grace": "90s", "policy": "skip", "limit": 5}
    assert parse_misfire(given) == MisfirePolicy(90_000, "skip", 5)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "misfire"),
        ({"graze": "5m"}, "misfire.graze"),
        ({"grace": 5}, "misfire.grace"),
        ({"grace": "0s"}, "misfire.grace"),
        ({"grace": "soon"}, "misfire.grace"),
        ({"policy": "hope"}, "misfire.policy"),
        ({"limit": 0}, "misfire.limit"),
        ({"limit": True}, "misfire.limit"),
        ({"limit": 1001}, "misfire.limit"),
    ],
)
def test_a_wrong_value_is_named(value: Any, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_misfire(value)
    assert list(caught.value.fields) == [path]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], 'misfire: must be an object such as {"grace": "5m"}'),
        ({"graze": "5m"}, "misfire.graze: is not known; use grace, policy, limit"),
        ({"policy": "hope"}, "misfire.policy: must be one of fire_once, fire_all, skip"),
        ({"limit": 0}, "misfire.limit: must be a whole number from 1 to 1000"),
        ({"grace": 5}, "misfire.grace: must be a duration from 1s to 366d"),
        ({"grace": "999ms"}, "misfire.grace: must be a duration from 1s to 366d"),
        ({"grace": "31622400001ms"}, "misfire.grace: must be a duration from 1s to 366d"),
        ({"grace": "soon"}, "misfire.grace: must be a duration such as 30s, 5m or 1h30m"),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        parse_misfire(value)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    "value", [{"limit": 1}, {"limit": 1_000}, {"grace": "1s"}, {"grace": "366d"}]
)
def test_the_least_and_the_most_that_may_be(value: dict[str, Any]) -> None:
    policy = parse_misfire(value)
    assert policy.limit == value.get("limit", DEFAULT.limit)
    assert policy.grace_ms in (DEFAULT.grace_ms, 1_000, 366 * 86_400_000)
