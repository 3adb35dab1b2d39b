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


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, 'retry: must be an object such as {"attempts": 5}'),
        (
            {"tries": 3},
            "retry: may only have the members attempts, delays, max_age, backoff, first, factor, max, jitter",
        ),
        ({"attempts": 0}, "retry.attempts: must be a whole number from 1 to 100"),
        ({"delays": []}, 'retry.delays: must be a list of 1 to 100 durations such as ["5s", "5m"]'),
        ({"delays": ["5s"], "first": "1s"}, "retry.first: must not stand beside delays"),
        ({"delays": ["31d"]}, "retry.delays: must be at most 30d"),
        ({"delays": [True]}, "retry.delays: must be a duration such as 30s, 5m or 1h30m"),
        ({"delays": [10**9]}, "retry.delays: must be a duration such as 30s, 5m or 1h30m"),
        ({"delays": ["soon"]}, "retry.delays: must be a duration such as 30s, 5m or 1h30m"),
        (
            {"delays": {"attempts": 3}},
            "retry.delays: may only have the members backoff, first, factor, max, jitter",
        ),
        ({"backoff": "linear"}, "retry.backoff: must be 'exponential' or 'fixed'"),
        ({"backoff": "fixed", "max": "1m"}, "retry.max: goes with exponential backoff only"),
        (
            {"delays": {"backoff": "fixed", "factor": 2}},
            "retry.delays.factor: goes with exponential backoff only",
        ),
        ({"first": "31d"}, "retry.first: must be at most 30d"),
        ({"max": "31d"}, "retry.max: must be at most 30d"),
        ({"delays": {"first": "31d"}}, "retry.delays.first: must be at most 30d"),
        ({"factor": 0.9}, "retry.factor: must be a number from 1 to 100"),
        ({"delays": {"factor": 101}}, "retry.delays.factor: must be a number from 1 to 100"),
        ({"jitter": 1.1}, "retry.jitter: must be a number from 0 to 1"),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        parse_retry(value)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("form", "policy"),
    [
        ({"attempts": 1}, RetryPolicy(attempts=1)),
        ({"attempts": 100}, RetryPolicy(attempts=100)),
        ({"delays": [0]}, RetryPolicy(attempts=2, delays_ms=(0,), jitter=0)),
        (
            {"delays": ["30d"] * 100},
            RetryPolicy(attempts=100, delays_ms=(2_592_000_000,) * 100, jitter=0),
        ),
        (
            {"delays": {"backoff": "exponential", "first": 1, "factor": 1, "max": 2, "jitter": 1}},
            RetryPolicy(first_ms=1_000, factor=1.0, max_ms=2_000, jitter=1.0),
        ),
        ({"factor": 100, "jitter": 0}, RetryPolicy(factor=100.0, jitter=0.0)),
        ({"first": 999_999}, RetryPolicy(first_ms=999_999_000, max_ms=999_999_000)),
    ],
)
def test_the_least_and_the_most_that_may_be(form, policy):
    assert parse_retry(form) == policy
