"""The ``retry`` setting as users write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.retry import DEFAULT, RetryPolicy
from app.domain.retry_form import parse_retry
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("form", "policy"),
    [
        ({}, DEFAULT),
        ({"attempts": 3}, RetryPolicy(attempts=3)),
        ({"backoff": "exponential"}, DEFAULT),
        (
            {"attempts": 8, "delays": ["5s", "5m"]},
            RetryPolicy(attempts=8, delays_ms=(5_000, 300_000), jitter=0),
        ),
        (
            {"delays": ["0s", 90], "max_age": "1d"},
            RetryPolicy(attempts=3, delays_ms=(0, 90_000), jitter=0, max_age_ms=86_400_000),
        ),
        (
            {"backoff": "exponential", "first": "1s", "factor": 2, "max": "1m", "jitter": 0.5},
            RetryPolicy(first_ms=1_000, factor=2.0, max_ms=60_000, jitter=0.5),
        ),
        (
            {"backoff": "fixed", "first": "1m", "jitter": 0},
            RetryPolicy(first_ms=60_000, factor=1.0, jitter=0.0),
        ),
        (
            {"attempts": 2, "delays": {"backoff": "fixed", "first": 10}, "max_age": "1h"},
            RetryPolicy(attempts=2, first_ms=10_000, factor=1.0, max_age_ms=3_600_000),
        ),
        ({"first": "7d"}, RetryPolicy(first_ms=604_800_000, max_ms=604_800_000)),
    ],
)
def test_both_forms_are_read(form, policy):
    assert parse_retry(form) == policy


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (None, "retry"),
        ([], "retry"),
        ({"tries": 3}, "retry"),
        ({"attempts": 0}, "retry.attempts"),
        ({"attempts": 101}, "retry.attempts"),
        ({"attempts": True}, "retry.attempts"),
        ({"attempts": 2.0}, "retry.attempts"),
        ({"attempts": None}, "retry.attempts"),
        ({"delays": []}, "retry.delays"),
        ({"delays": ["5s"] * 101}, "retry.delays"),
        ({"delays": "5s"}, "retry.delays"),
        ({"delays": ["soon"]}, "retry.delays"),
        ({"delays": ["-5s"]}, "retry.delays"),
        ({"delays": [-5]}, "retry.delays"),
        ({"delays": [True]}, "retry.delays"),
        ({"delays": [10**5000]}, "retry.delays"),
        ({"delays": ["31d"]}, "retry.delays"),
        ({"delays": ["5s"], "first": "1s"}, "retry.first"),
        ({"delays": {"first": "1s"}, "jitter": 0}, "retry.jitter"),
        ({"delays": {"attempts": 3}}, "retry.delays"),
        ({"delays": {"factor": 0.5}}, "retry.delays.factor"),
        ({"backoff": "linear"}, "retry.backoff"),
        ({"backoff": ["fixed"]}, "retry.backoff"),
        ({"backoff": "fixed", "factor": 2}, "retry.factor"),
        ({"backoff": "fixed", "max": "1m"}, "retry.max"),
        ({"factor": 101}, "retry.factor"),
        ({"factor": "2"}, "retry.factor"),
        ({"factor": True}, "retry.factor"),
        ({"factor": float("nan")}, "retry.factor"),
        ({"factor": 10**400}, "retry.factor"),
        ({"jitter": 1.1}, "retry.jitter"),
        ({"jitter": -0.1}, "retry.jitter"),
        ({"max_age": 1.5}, "retry.max_age"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(form, field):
    with pytest.raises(InvalidInput) as caught:
        parse_retry(form)
    assert list(caught.value.fields) == [field]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["attempts", "delays", "backoff", "first", "max", "max_age"]), inner
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_no_json_breaks_the_reader(form):
    try:
        policy = parse_retry(form)
    except InvalidInput:
        return
    assert 1 <= policy.attempts <= 100
