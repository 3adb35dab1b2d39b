"""A URL that leads to no Redis, or elsewhere than it seems to, is refused without repeating it."""

from __future__ import annotations

import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.store_urls import check_broker_url, check_store_url
from app.errors import InvalidInput, StoreUnavailable
from app.store.connecting import connect

PASSWORD = "Tr0ub4dor&3"

GOOD = [
    ("redis://host", {"host": "host"}),
    ("redis://host:6380/15", {"host": "host", "port": 6380, "db": 15}),
    ("redis://host:/", {"host": "host"}),
    ("redis://a_b.example.com./0", {"host": "a_b.example.com.", "db": 0}),
    ("redis://user:p%23w@10.0.0.1/1", {"username": "user", "password": "p#w", "db": 1}),
    ("redis://:a:b@c@host", {"password": "a:b@c", "host": "host"}),
    ("redis://[::1]:6379/0", {"host": "::1", "port": 6379}),
    ("redis://:pw@[fd00::7]", {"host": "fd00::7", "password": "pw"}),
    ("rediss://host?ssl_cert_reqs=none&ssl_check_hostname=false", {"ssl_cert_reqs": "none"}),
    ("rediss+sentinel://h1,[::1]:26380/main?ssl_cert_reqs=none", {"ssl_cert_reqs": "none"}),
    ("redis+sentinel://user:p%23w@h1:26379,h2/a.b_c-1/3", {"username": "user", "db": 3}),
    ("redis+cluster://h1", {"place": None}),
    ("redis+cluster://user:p%23w@h1:7000,[::1]:7001,h3/0", {"username": "user"}),
    ("rediss+cluster://h1,h2?ssl_cert_reqs=none", {"ssl_cert_reqs": "none"}),
    ("unix:///run/a%20store", {"path": "/run/a store"}),
    ("unix://:pw@/run/store?db=3", {"path": "/run/store", "password": "pw", "db": 3}),
]

BAD = [
    ("", "must begin with"),
    ("localhost:6379", "must begin with"),
    ("http://host", "must begin with"),
    ("REDIS://host", "must begin with"),
    ("redis:host", "must begin with"),
    ("redis://host?foo=bar", "nothing after a '?'"),
    ("redis://host/0?ssl_cert_reqs=bogus", "nothing after a '?'"),
    ("redis://host/0?db=1", "nothing after a '?'"),
    ("rediss://host/0?ssl_cert_reqs=bogus", "none, optional or required"),
    ("rediss://host/0?ssl_check_hostname=maybe", "true or false"),
    ("rediss://host/0?ssl_ca_certs=", "ssl_ca_certs as a file"),
    ("rediss://host/0?socket_timeout=9", "may have these options"),
    ("rediss://host/0?ssl_cert_reqs=none&ssl_cert_reqs=required", "each once"),
    ("rediss://host/0?ssl_keyfile=/key", "ssl_certfile with ssl_keyfile"),
    ("redis://host/abc", "number of a database"),
    ("redis://host/0/1", "number of a database"),
    ("redis://host/-1", "number of a database"),
    ("redis://host/999999", "number of a database"),
    ("redis://host/0;x", "number of a database"),
    (f"redis://:{PASSWORD}#x@host", "%23"),
    (f"redis://:{PASSWORD} x@host", "%20"),
    (f"redis://:{PASSWORD}\tx@host", "%20"),
    (f"redis://:{PASSWORD}/x@host", "%2F"),
    (f"redis://:{PASSWORD}?x@host", "%3F"),
    (f"redis://:{PASSWORD}[@host", "%5B"),
    (f"redis://:{PASSWORD}/0", "port from 1 to 65535"),
    (f"redis://:{PASSWORD}:6379", "'@' between password and host"),
    (f"redis://:{PASSWORD}%ff@host", "UTF-8"),
    (f"redis://:{PASSWORD}\udcff@host", "UTF-8"),
    (f"redis://:{PASSWORD}\u2100@host", "with '%'"),
    ("redis://::1", "in brackets"),
    ("redis://::1:6379/0", "in brackets"),
    ("redis://[::1", "in brackets"),
    ("redis://[host]", "in brackets"),
    ("redis://host:0", "port from 1 to 65535"),
    ("redis://host:65536", "port from 1 to 65535"),
    ("redis://host:port", "port from 1 to 65535"),
    ("redis://", "must name a host"),
    ("redis:///0", "must name a host"),
    ("redis://:pw@", "must name a host"),
    ("redis://:6379", "must name a host"),
    ("redis://a..b", "letters, digits"),
    ("redis://stra\u00dfe", "letters, digits"),
    (f"redis://{'a' * 64}", "letters, digits"),
    ("redis+sentinel://h1:26379,h2", "must name the server as its Sentinels do"),
    ("redis+sentinel://h1/a%20b", "must name the server as its Sentinels do"),
    ("redis+sentinel://h1,/name", "must name a host"),
    ("redis+cluster://h1,,h2", "must name a host"),
    ("redis+cluster://", "must name a host"),
    ("redis+cluster://h1,h2/1", "one database alone"),
    ("redis+cluster://h1:70000", "port from 1 to 65535"),
    ("redis+cluster://h1?x=1", "nothing after a '?'"),
    (f"redis+cluster://:{PASSWORD}/x@h1", "must"),
    (f"redis+cluster://:{PASSWORD}#x@h1,h2", "%23"),
    ("redis+sentinel:///name", "must name a host"),
    ("redis+sentinel://h1:0,h2/name", "port from 1 to 65535"),
    ("redis+sentinel://h1/name/x", "number of a database"),
    ("redis+sentinel://h1/name/0?db=1", "nothing after a '?'"),
    ("rediss+sentinel://h1/name?sentinels=h2", "may have these options"),
    (f"redis+sentinel://:{PASSWORD}/x@h1/name", "%2F"),
    (f"redis+sentinel://:{PASSWORD}@h1@h2/name/0/1", "number of a database"),
    ("unix://run/store", "after unix://"),
    ("unix:///", "after unix://"),
    ("unix://", "after unix://"),
    ("unix:///a%00b", "103 bytes"),
    (f"unix:///{'a' * 103}", "103 bytes"),
    ("unix:///run/store?db=x", "number of a database"),
    ("unix:///run/store?path=/x", "one option, db"),
]


@pytest.mark.parametrize(("url", "leads_to"), GOOD, ids=[url for url, _ in GOOD])
def test_the_client_takes_it_for_what_it_says(url: str, leads_to: dict[str, object]) -> None:
    check_store_url(url)
    kwargs = {"place": None, **connect(url).connection_pool.connection_kwargs}
    assert {name: kwargs[name] for name in leads_to} == leads_to


@pytest.mark.parametrize(("url", "says"), BAD, ids=[ascii(url)[:50] for url, _ in BAD])
def test_what_to_change_is_said_without_the_password(url: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_store_url(url)
    assert says in refused.value.message
    assert PASSWORD not in refused.value.message


def test_the_broker_is_no_cluster() -> None:
    with pytest.raises(InvalidInput, match="can't be spread over a cluster"):
        check_broker_url("redis+cluster://h1,h2")
    check_broker_url("redis+sentinel://h1,h2/name")


PIECES = st.sampled_from(
    ["redis://", "rediss://", "unix://", "redis+sentinel://", "redis+cluster://", ",", "/name", ":", "@", "/", "?", "#", "[", "]", "%", "%00", "&", "=", ";",
     "::1", "host", "127.0.0.1", "6379", "0", "99", "ssl_cert_reqs=none", "db=1", "db", " ", "\0",
     "\n", "\u2100", "\udcff", "x" * 64, "user"]
)  # fmt: skip
URLS = st.one_of(
    st.text(),
    st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(
            ["redis://", "rediss://", "unix://", "redis+sentinel://", "redis+cluster://"]
        ),
        st.text(max_size=9),
        st.sampled_from(["@host", "@[::1]:1", "@/run/store", "host:1"]),
        st.sampled_from(["", "/0", "/99", "/name/1", "?db=1", "?ssl_cert_reqs=none"]),
    ),
)


@given(URLS)
@example("rediss://@host?ssl_cert_reqs=none")
@example("redis://\x00@host")
def test_no_text_makes_a_traceback(url: str) -> None:
    """It is refused with a sentence, or the client finds at most that nobody is there."""
    try:
        check_store_url(url)
    except InvalidInput:
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", _nobody)
        client = connect(url, retries=0)
        with pytest.raises(StoreUnavailable):
            client.ping()


@given(
    st.text("abcXYZ019:/?#[]%&= \\é", max_size=6).map(lambda text: f"{PASSWORD}{text}{PASSWORD}"),
    st.sampled_from(["@host:port", "@", "@host/x", "@[x]", "@host?x=1", "", ":6379", "@a..b"]),
)
def test_no_refusal_repeats_a_password(password: str, rest: str) -> None:
    try:
        check_store_url(f"redis://:{password}{rest}")
    except InvalidInput as refused:
        assert PASSWORD not in refused.message  # noqa: PT017 - not every one is refused


def _nobody(*_: object, **__: object) -> list[object]:
    raise socket.gaierror(socket.EAI_NONAME, "not known")
