"""What events are found by that is compared as a whole."""

from __future__ import annotations

import pytest

from app.store.terms import has_members, hosts_of


@pytest.mark.parametrize(
    ("target", "hosts"),
    [
        ("https://Example.com/x", ("example.com", "example.com")),
        ("https://example.com:8443/", ("example.com", "example.com:8443")),
        ("https://user:pass@example.com/", ("example.com", "example.com")),
        ("http://[::1]:80/", ("::1", "[::1]:80")),
        ("q:client", ("q:client", "")),
        ("http://[bad", ("http://[bad",)),
    ],
)
def test_a_host_is_asked_for_with_its_port_or_without(target: str, hosts: tuple[str, ...]) -> None:
    assert hosts_of(target) == hosts


@pytest.mark.parametrize(
    ("value", "fits"),
    [("7", True), ("1.50", False), ("x", False)],
)
def test_a_member_is_compared_as_it_was_written(value: str, fits: bool) -> None:
    raw = b'{"n": 7, "f": 1.50, "s": "x", "t": true, "z": null, "o": {"n": 7}, "l": [7]}'
    assert has_members(raw, [("n", value)]) is fits
    assert has_members(raw, [("f", "1.50"), ("s", "x"), ("t", "true"), ("z", "null")])
    for name in ("o", "l", "absent"):
        assert not has_members(raw, [(name, "7")])
