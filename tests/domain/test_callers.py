"""Whose request it is, whatever stands in ``X-Forwarded-For``."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.callers import client_address, counted_address

PROXIES = tuple(map(ipaddress.ip_network, ("10.0.0.0/24", "fd00::/64")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9,10.0.0.7", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9 ,fd00::1, 10.0.0.7", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.7", "10.0.0.7"),
        ("fd00::2", "2001:db8::5", "2001:db8::5"),
        ("::ffff:10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("10.0.0.1", "[2001:db8::5]", "2001:db8::5"),
        # Nothing that can be believed.
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, _hidden", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, ", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, x, 10.0.0.7", "10.0.0.7"),
        # Not from a proxy of ours.
        ("203.0.113.1", "6.6.6.6", "203.0.113.1"),
        ("10.0.1.1", "6.6.6.6, 10.0.0.1", "10.0.1.1"),
        ("", "6.6.6.6", ""),
    ],
)
def test_the_first_that_is_not_a_proxy_of_ours_asks(peer, forwarded, client):
    assert client_address(peer, forwarded, PROXIES) == client


@given(st.text(st.sampled_from("0123456789abcdef.:,[] \tx"), max_size=60))
def test_nothing_that_a_caller_writes_comes_through(written):
    """A proxy adds the caller's address behind it, and that one counts."""
    assert client_address("10.0.0.1", f"{written},203.0.113.9", PROXIES) == "203.0.113.9"
    assert client_address("203.0.113.1", written, PROXIES) == "203.0.113.1"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("no address", "no address"),
    ],
)
def test_who_holds_a_network_of_ipv6_is_one_caller(address, counted):
    assert counted_address(address) == counted
