"""Flows as users write them, and whose a flow is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from app.domain.access import MASTER, Access
from app.domain.flow import FlowLimits, FlowSettings, parse_flow, parse_limits, space_of
from app.domain.options import EventOptions
from app.domain.rates import Rate
from app.errors import InvalidInput


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
        ({"key": "."}, "flow.key"),
        ({"key": ".."}, "flow.key"),
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
    assert EventOptions().flow is None
    assert EventOptions({"order": "any"}).flow is None


def test_the_key_is_the_targets_host_by_itself() -> None:
    assert _name({"flow": {}}, "https://Example.com:8443/a?b") == "/example.com:8443"
    assert _name({"order": "strict"}, "https://bücher.example/") == "/xn--bcher-kva.example"
    assert _name({"flow": {"key": "k"}, "flow_space": "s"}, "https://a.example/") == "s/k"


def test_order_is_a_limit() -> None:
    assert _flow({"order": "strict"}).limits == FlowLimits(strict=True)
    assert _flow({"flow": {"concurrency": 2}}).limits == FlowLimits(concurrency=2)


def test_a_space_is_a_scope() -> None:
    one = Access("a", "write", frozenset({"x", "y"}))
    same = Access("b", "read", frozenset({"y", "x"}))
    other = Access("a", "write", frozenset({"x"}))
    assert space_of(MASTER) == ""
    assert space_of(one) == space_of(same) == "65d232fadc6a9a69"  # the store knows it so
    assert len({space_of(MASTER), space_of(one), space_of(other)}) == 3


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "flow: must be an object with key, rate, burst or concurrency, and nothing else"),
        (
            {"key": "a/b"},
            "flow.key: must be 1 to 128 letters, digits or any of the characters . _ : - [ ]",
        ),
        ({"rate": "often"}, "flow.rate: must be a rate such as 10/s, 600/m, 1000/h or 5000/d"),
        ({"rate": "10001/s"}, "flow.rate: must be a rate of at most 10000/s"),
        ({"burst": 2}, "flow.burst: goes with a rate only"),
        ({"rate": "1/s", "burst": 0}, "flow.burst: must be a whole number from 1 to 10000"),
        ({"concurrency": 10_001}, "flow.concurrency: must be a whole number from 1 to 10000"),
    ],
)
def test_each_refusal_says_what_to_write_instead(value, sentence):
    with pytest.raises(InvalidInput) as caught:
        parse_flow(value)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    "limits", [{"concurrency": 1}, {"concurrency": 10_000}, {"rate": "1/s", "burst": 1}]
)
def test_the_smallest_and_the_largest_that_may_be(limits: dict[str, object]) -> None:
    parsed = parse_flow(limits)
    assert parsed.concurrency == limits.get("concurrency")
    assert parse_flow({"rate": "1/s", "burst": 10_000}).burst == 10_000


def test_a_refusal_names_the_field_by_where_it_stands() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_limits({"burst": 2})
    assert caught.value.message == "burst: goes with a rate only"
    with pytest.raises(InvalidInput) as caught:
        _flow({"flow": {"rate": "often"}})
    assert list(caught.value.fields) == ["flow.rate"]


def _flow(options: Mapping[str, Any]) -> FlowSettings:
    flow = EventOptions(options).flow
    assert flow is not None
    return flow


def _name(options: Mapping[str, Any], target: str) -> str:
    return _flow(options).name(target)
