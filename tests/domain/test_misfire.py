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
