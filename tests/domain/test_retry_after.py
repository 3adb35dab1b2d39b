"""Retry-After: seconds or a date (RFC 9110 section 10.2.3), at most a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.retry_after import LIMIT_MS, parse_retry_after

NOW = 1_713_866_400_000


def http_date(**ahead):
    moment = datetime.fromtimestamp(NOW / 1000, UTC) + timedelta(**ahead)
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("007", 7_000),
        (" 120 ", 120_000),
        ("86400", LIMIT_MS),
        ("86401", LIMIT_MS),
        ("1000000000", LIMIT_MS),
        ("9" * 5000, LIMIT_MS),
        ("0" * 5000 + "5", 5_000),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("6m5s", None),
        ("٣", None),
        ("soon", None),
        ("Tomorrow morning at ten", None),
        ("Tue, 99 Apr 2024 10:00:00 GMT", None),
        ("2024-04-23T10:00:05Z", None),
        (http_date(seconds=90), 90_000),
        (http_date(seconds=-90), 0),
        (http_date(days=3), LIMIT_MS),
        ("Sun, 23 Apr 2024 10:00:05 GMT", 5_000),  # a Tuesday
        ("Tuesday, 23-Apr-24 10:00:05 GMT", 5_000),
        ("Tue Apr 23 10:00:05 2024", 5_000),
    ],
)
def test_retry_after_takes_seconds_or_a_date_up_to_a_day_and_ignores_nonsense(value, ms):
    assert parse_retry_after(value, NOW) == ms


@given(
    st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, [0-9A-Za-z :+-]{5,40}", fullmatch=True)
)
def test_no_header_breaks_the_reader(value):
    wait_ms = parse_retry_after(value, NOW)
    assert wait_ms is None or 0 <= wait_ms <= LIMIT_MS
