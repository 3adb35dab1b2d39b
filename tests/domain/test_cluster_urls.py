"""URLs of a cluster: its nodes are taken out, and what is left is that of one server."""

from __future__ import annotations

import pytest

from app.domain.cluster_urls import is_cluster_url, read_cluster_url


def test_nodes_and_login() -> None:
    found = read_cluster_url("redis+cluster://user:p%40ss@a.example:7000,10.0.0.2,[::1]:7001")
    assert found.hosts == (("a.example", 7000), ("10.0.0.2", 6379), ("::1", 7001))
    assert found.server_url == "redis://user:p%40ss@localhost/"
    assert not found.tls


def test_with_tls_the_options_are_those_of_every_node() -> None:
    found = read_cluster_url("rediss+cluster://a:1,b:2/0?ssl_ca_certs=/ca.pem")
    assert found.tls
    assert found.addresses == ("a:1", "b:2")
    assert found.server_url == "rediss://localhost/0?ssl_ca_certs=/ca.pem"


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("redis+cluster://a", True),
        ("rediss+cluster://a", True),
        ("redis://a", False),
        ("redis+sentinel://a/name", False),
        ("redis+cluster:a", False),
    ],
)
def test_what_leads_to_a_cluster(url: str, *, is_one: bool) -> None:
    assert is_cluster_url(url) is is_one
