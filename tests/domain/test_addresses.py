"""Addresses: numbers that look like names, and what an IPv6 address carries."""

from __future__ import annotations

import ipaddress

import pytest

from app.domain.addresses import TargetPolicy, is_allowed, literal_address


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("255.255.255.255", "255.255.255.255"),
        ("1.2.772", "1.2.3.4"),
        ("1.131844", "1.2.3.4"),
        ("0" * 63 + "1", "0.0.0.1"),
        ("2001:DB8::1", "2001:db8::1"),
    ],
)
def test_a_literal_is_the_address_that_it_stands_for(host: str, address: str) -> None:
    assert literal_address(host) == ipaddress.ip_address(address)


@pytest.mark.parametrize(
    "host",
    [
        *("1.2.3.256", "256.1.1.1", "1.2.65536", "4294967296", "1.2.3.4.0", "1.2.3.4.5"),
        *("1_0", "+1", "0" * 64 + "1", "1..2", "", "example.com", "0x", "08", "1::2::3"),
    ],
)
def test_anything_else_is_a_name(host: str) -> None:
    assert literal_address(host) is None


@pytest.mark.parametrize("address", ["::10.0.0.1", "::2", "::127.0.0.1"])
def test_opening_an_ipv6_network_does_not_open_the_ipv4_addresses_that_it_carries(
    address: str,
) -> None:
    opened = TargetPolicy(allowed=(ipaddress.IPv6Network("::/96"),))
    assert is_allowed("::1", opened)
    assert not is_allowed(address, opened)
