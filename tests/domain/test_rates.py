"""Rates as users write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.rates import Rate, parse_rate
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/s", Rate(10, 1_000)),
        (" 600/M ", Rate(600, 60_000)),
        ("1000/hour", Rate(1_000, 3_600_000)),
        ("5/day", Rate(5, 86_400_000)),
        ("10000/second", Rate(10_000, 1_000)),
    ],
)
def test_reads_rates(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "10", "/s", "0/s", "-1/s", "1.5/s", "10/w", "10001/s", "1/0s", "\u0661/s", 10, None, {}],
)
def test_refuses_what_is_no_rate(text: object) -> None:
    with pytest.raises(InvalidInput, match="rate"):
        parse_rate(text)


@given(st.integers(1, 10_000), st.sampled_from("smhd"))
def test_a_rate_is_written_as_it_is_read(count: int, unit: str) -> None:
    assert parse_rate(f"{count}/{unit}").text == f"{count}/{unit}"


@given(st.text(max_size=20))
def test_any_text_is_a_rate_or_refused(text: str) -> None:
    try:
        rate = parse_rate(text)
    except InvalidInput:
        return
    assert 0 < rate.count * 1_000 <= 10_000 * rate.period_ms


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("often", "must be a rate such as 10/s, 600/m, 1000/h or 5000/d"),
        ("10001/s", "must be a rate of at most 10000/s"),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        parse_rate(value)
    assert caught.value.message == sentence
