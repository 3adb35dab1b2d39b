"""RFC 3339 in and out."""

# ruff: noqa: RUF001 - digits of other scripts are among the subjects

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.times import MAX_MS, micros_to_rfc3339, parse_rfc3339, to_rfc3339
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


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (1_713_866_400_120_000, "2024-04-23T10:00:00.120Z"),
        (1_713_866_400_120_034, "2024-04-23T10:00:00.120034Z"),
        (1_713_866_400_000_999, "2024-04-23T10:00:00.000999Z"),
    ],
)
def test_microseconds_are_written_only_where_there_are_some(us, text):
    assert micros_to_rfc3339(us) == text


def test_the_first_year_and_the_widest_offsets_are_read():
    assert parse_rfc3339("1970-06-01T00:00:00") == datetime(1970, 6, 1)  # noqa: DTZ001
    assert parse_rfc3339("1970-01-02T00:00:00+23:59") == 60_000
    assert parse_rfc3339("1970-01-01T00:00:00-23:59") == 86_340_000


def test_the_last_microsecond_that_can_be_written_is():
    """Whole seconds are found without a fraction that could be rounded up."""
    assert micros_to_rfc3339(MAX_MS * 1_000 + 999) == "9999-12-31T23:59:59.999999Z"


def test_a_moment_is_a_whole_number():
    assert type(parse_rfc3339("2024-04-23T10:00:00.1Z")) is int


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("now", "must be a time such as 2024-05-01T09:30:00Z (RFC 3339)"),
        ("2024-04-23T10:00:60Z", "must not be a leap second; write the second after it"),
        ("2023-02-29T10:00:00Z", "must be a time that exists in the calendar and on the clock"),
        ("2024-04-23T10:00:00+24:00", "must have an offset from -23:59 to +23:59"),
        ("1969-06-01T00:00:00", "must be a time from 1970-01-01T00:00:00Z to 9999-12-31T23:59:59Z"),
        (
            "9999-12-31T23:59:59-14:00",
            "must be a time from 1970-01-01T00:00:00Z to 9999-12-31T23:59:59Z",
        ),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        parse_rfc3339(value)
    assert caught.value.message == sentence
