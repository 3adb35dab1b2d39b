"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.durations import MAX_MS, format_duration, parse_duration_ms
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0s", 0),
        ("500ms", 500),
        ("90s", 90_000),
        ("5m", 300_000),
        ("1h30m", 5_400_000),
        ("2d", 172_800_000),
        ("1w", 604_800_000),
        ("1w2d3h4m5s6ms", 788_645_006),
        (" 1H ", 3_600_000),
        ("90", 90_000),
        ("999999999", 999_999_999_000),
        ("36600d", MAX_MS),
        ("1s" + " " * 62, 1_000),
    ],
)
def test_a_duration_is_read(text: str, ms: int) -> None:
    assert parse_duration_ms(text) == ms


@given(st.integers(0, MAX_MS))
def test_what_is_written_is_read_back(ms: int) -> None:
    assert parse_duration_ms(format_duration(ms)) == ms


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0s"), (1, "1ms"), (5_400_000, "1h30m"), (604_800_000, "7d"), (90_061_001, "1d1h1m1s1ms")],
)
def test_a_duration_is_written_in_the_largest_whole_units(ms: int, text: str) -> None:
    assert format_duration(ms) == text


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "must be a duration such as 30s, 5m or 1h30m"),
        ("soon", "must be a duration such as 30s, 5m or 1h30m"),
        ("1.5s", "must be a duration such as 30s, 5m or 1h30m"),
        ("-5s", "must be a duration such as 30s, 5m or 1h30m"),
        ("1000000000", "must be a duration such as 30s, 5m or 1h30m"),
        ("1 h", "must be a duration such as 30s, 5m or 1h30m"),
        ("1s" + " " * 63, "must be a duration such as 30s, 5m or 1h30m"),
        ("1s1s", "must name each unit at most once, as in 1h30m"),
        ("36601d", "must be a duration of at most a hundred years"),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        parse_duration_ms(value)
    assert caught.value.message == sentence
