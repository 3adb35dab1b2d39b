"""URLs that name several servers."""

from __future__ import annotations

import pytest

from app.domain.server_lists import ServerList, begins_with, host_of, read_server_list


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("redis+x://a", ServerList("redis", "", ("a",), "", "")),
        ("rediss+x://a:1,[::1]:2/n/0", ServerList("rediss", "", ("a:1", "[::1]:2"), "n/0", "")),
        ("redis+x://u:p%40@a/3?b=c/d", ServerList("redis", "u:p%40@", ("a",), "3", "?b=c/d")),
        ("redis+x://u:p@q@a,b", ServerList("redis", "u:p@q@", ("a", "b"), "", "")),
    ],
)
def test_it_is_taken_apart(url: str, parts: ServerList) -> None:
    assert read_server_list(url) == parts


def test_one_server_has_the_login_and_the_options_of_all() -> None:
    found = read_server_list("rediss+x://u:p@a,b/3?c=d")
    assert found.server_url("7") == "rediss://u:p@localhost/7?c=d"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("a", ("a", 9)),
        ("a:1", ("a", 1)),
        ("[::1]", ("::1", 9)),
        ("[::1]:2", ("::1", 2)),
        ("", ("", 9)),
        ("a:b", ("a:b", 9)),
    ],
)
def test_an_address_is_a_host_and_a_port(address: str, found: tuple[str, int]) -> None:
    assert host_of(address, 9) == found


def test_a_scheme_is_a_whole_one() -> None:
    assert begins_with("redis+x://a", ("redis+x", "rediss+x"))
    assert not begins_with("redis+xy://a", ("redis+x",))
