"""Rates as people write them."""

# ruff: noqa: RUF001 - a digit that only looks like one is part of what is refused

from __future__ import annotations

import pytest

from app.domain.rates import Rate, parse_rate
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1/s", Rate(1, 1_000)),
        ("600/m", Rate(600, 60_000)),
        ("999999/h", Rate(999_999, 3_600_000)),
    ],
)
def test_reads_a_rate(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "10", "/s", "10/", "0/s", "-1/s", "1.5/s", "10/d", "10/sec", " 10/s", "10 / s", "1000000/s",
     "10/S", "١/s", "10/s\n"],
)  # fmt: skip
def test_refuses_what_is_none(text: str) -> None:
    with pytest.raises(InvalidInput, match="10/s"):
        parse_rate(text)
