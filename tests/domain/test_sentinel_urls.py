"""Where the Sentinels of a URL are, and what is the server's of it."""

from __future__ import annotations

import pytest

from app.domain.sentinel_urls import is_sentinel_url, read_sentinel_url
from app.domain.store_urls import has_password


def test_hosts_name_and_server_are_told_apart() -> None:
    url = "rediss+sentinel://user:p%40w@h1:1,h2,[::1]:3,[fd00::7]/main/2?ssl_cert_reqs=none"
    found = read_sentinel_url(url)
    assert is_sentinel_url(url)
    assert found.hosts == (("h1", 1), ("h2", 26_379), ("::1", 3), ("fd00::7", 26_379))
    assert found.name == "main"
    assert found.tls
    assert found.server_url == "rediss://user:p%40w@localhost/2?ssl_cert_reqs=none"


def test_no_database_and_no_user_are_the_servers_own() -> None:
    found = read_sentinel_url("redis+sentinel://h1/main")
    assert (found.server_url, found.tls) == ("redis://localhost/", False)
    assert not is_sentinel_url("redis://h1/main")


@pytest.mark.parametrize(
    ("url", "has"),
    [
        ("redis://host", False),
        ("redis://user@host", False),
        ("redis://:@host", False),
        ("redis://:pw@host", True),
        ("redis+sentinel://user:pw@h1,h2/main", True),
        ("unix://user@/run/store", False),
        ("", False),
    ],
)
def test_whether_there_is_a_password_in_it(url: str, has: bool) -> None:
    assert has_password(url) is has
