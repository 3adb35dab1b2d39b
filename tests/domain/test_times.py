"""RFC 3339 in and out."""

# ruff: noqa: RUF001 - digits of other scripts are among the subjects

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.times import MAX_MS, parse_rfc3339, to_rfc3339
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (1_713_866_400_000, "2024-04-23T10:00:00Z"),
        (1_713_866_400_120, "2024-04-23T10:00:00.120Z"),
        (MAX_MS, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_moments_are_written_in_utc_with_milliseconds_only_where_there_are_some(ms, text):
    assert to_rfc3339(ms) == text


@given(st.integers(0, MAX_MS))
def test_what_is_written_is_read_back(ms):
    assert parse_rfc3339(to_rfc3339(ms)) == ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2024-04-23T10:00:00z", 1_713_866_400_000),
        ("2024-04-23t10:00:00Z", 1_713_866_400_000),
        ("2024-04-23 12:00:00+02:00", 1_713_866_400_000),
        ("2024-04-23T04:15:00-05:45", 1_713_866_400_000),
        ("2024-04-23T10:00:00-00:00", 1_713_866_400_000),
        ("2024-04-23T10:00:00.1Z", 1_713_866_400_100),
        ("2024-04-23T10:00:00.123999999Z", 1_713_866_400_123),
        ("1969-12-31T23:59:59-00:01", 59_000),
        ("9999-12-31T23:59:59.999Z", MAX_MS),
    ],
)
def test_every_form_of_rfc_3339_is_read(text, ms):
    assert parse_rfc3339(text) == ms


def test_a_time_without_an_offset_stays_a_wall_time():
    read = parse_rfc3339("2024-04-23T10:00:00.1239")
    assert read == datetime(2024, 4, 23, 10, 0, 0, 123_000)  # noqa: DTZ001


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024-04-23",
        "20240423T100000Z",
        "2024-04-23T10:00Z",
        "2024-04-23T10:00:00.Z",
        "2024-04-23T10:00:00.1234567890Z",
        "2024-04-23T10:00:00+0200",
        "2024-04-23T10:00:00+24:00",
        "2024-04-23T10:00:00+02:60",
        "2024-04-23T10:00:60Z",
        "2024-02-30T10:00:00Z",
        "2023-02-29T10:00:00Z",
        "2024-04-23T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999Z",
        "1969-06-01T00:00:00",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-14:00",
        "２０２４-04-23T10:00:00Z",
        "2024-04-23T10:00:00Z\n",
        " 2024-04-23T10:00:00Z",
        "2024-04-23T10:00:00ZZ",
    ],
)
def test_anything_else_is_refused_in_words(text):
    with pytest.raises(InvalidInput, match=r"^must "):
        parse_rfc3339(text)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text):
    try:
        read = parse_rfc3339(text)
    except InvalidInput:
        return
    assert isinstance(read, datetime) or 0 <= read <= MAX_MS


def test_every_aware_moment_python_can_write_is_read():
    moment = datetime(2024, 4, 23, 10, 0, 0, 123_456, tzinfo=UTC)
    assert parse_rfc3339(moment.isoformat()) == 1_713_866_400_123
