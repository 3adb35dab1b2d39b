"""Flows and rates as users write them, and whose a flow is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import MASTER, Access
from app.domain.flow import FlowLimits, flow_of, limits_of, parse_flow, space_of
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


def test_reads_limits() -> None:
    limits = parse_flow({"key": "acme", "rate": "10/s", "burst": 3, "concurrency": 5})
    assert limits == FlowLimits(Rate(10, 1_000), 3, 5)
    assert parse_flow({}) == FlowLimits()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, "flow"),
        ("acme", "flow"),
        ({"limit": 1}, "flow"),
        ({"key": ""}, "flow.key"),
        ({"key": "a/b"}, "flow.key"),
        ({"key": "a b"}, "flow.key"),
        ({"key": "ä"}, "flow.key"),
        ({"key": "x" * 129}, "flow.key"),
        ({"key": 5}, "flow.key"),
        ({"rate": "often"}, "flow.rate"),
        ({"burst": 2}, "flow.burst"),
        ({"rate": "1/s", "burst": 0}, "flow.burst"),
        ({"rate": "1/s", "burst": True}, "flow.burst"),
        ({"concurrency": 0}, "flow.concurrency"),
        ({"concurrency": 1.5}, "flow.concurrency"),
        ({"concurrency": 10_001}, "flow.concurrency"),
    ],
)
def test_names_what_is_wrong(value: object, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_flow(value)
    assert list(caught.value.fields) == [field]


def test_an_event_without_flow_or_order_is_in_none() -> None:
    assert flow_of({}, "https://example.com/") is None
    assert flow_of({"order": "any"}, "https://example.com/") is None


def test_the_key_is_the_targets_host_by_itself() -> None:
    assert flow_of({"flow": {}}, "https://Example.com:8443/a?b") == "/example.com:8443"
    assert flow_of({"order": "strict"}, "https://bücher.example/") == "/xn--bcher-kva.example"
    assert flow_of({"flow": {"key": "k"}, "flow_space": "s"}, "https://a.example/") == "s/k"


def test_order_is_a_limit() -> None:
    assert limits_of({"order": "strict"}) == FlowLimits(strict=True)
    assert limits_of({"flow": {"concurrency": 2}}) == FlowLimits(concurrency=2)


def test_a_space_is_a_scope() -> None:
    one = Access("a", "write", frozenset({"x", "y"}))
    same = Access("b", "read", frozenset({"y", "x"}))
    other = Access("a", "write", frozenset({"x"}))
    assert space_of(MASTER) == ""
    assert space_of(one) == space_of(same)
    assert len({space_of(MASTER), space_of(one), space_of(other)}) == 3
