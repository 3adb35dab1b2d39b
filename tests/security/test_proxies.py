"""The attacker who claims to be somebody else by ``X-Forwarded-For``, on a real gunicorn.

Tests ``app.api.http.proxies``, too.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from tests.support.stack import MASTER_TOKEN, Stack

pytestmark = pytest.mark.e2e

PROXY, STRANGER = "127.0.0.2", "127.0.0.3"
LIMIT = 30


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(
        workers=0, TRUSTED_PROXIES=f"{PROXY}/32,10.9.0.0/16", RATE_LIMIT=f"{LIMIT}/day"
    ) as stack:
        yield stack


def ask(
    stack: Stack, source: str, forwarded: list[str], token: str | None = None, method: str = "GET"
) -> int:
    """Ask from an address of this machine; answer the status."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", stack.port, timeout=30, source_address=(source, 0)
    )
    connection.putrequest(method, "/calendars/a" if method == "PUT" else "/events")
    for value in forwarded:
        connection.putheader("X-Forwarded-For", value)
    for name in ("Forwarded", "X-Real-IP", "X_Forwarded_For"):
        connection.putheader(name, "for=6.6.6.6" if name == "Forwarded" else "6.6.6.6")
    if token:
        connection.putheader("Authorization", f"Bearer {token}")
    body = json.dumps({"dates": ["2030-01-01"]}) if method == "PUT" else ""
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode())
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("source", "forwarded", "address"),
    [
        (PROXY, ["203.0.113.9"], "203.0.113.9"),
        (PROXY, ["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        (PROXY, ["6.6.6.6", "203.0.113.9, 10.9.0.1"], "203.0.113.9"),
        (PROXY, ["nonsense"], PROXY),
        (PROXY, [], PROXY),
        (STRANGER, ["203.0.113.9"], STRANGER),
        (STRANGER, [f"203.0.113.9, {PROXY}"], STRANGER),
    ],
)
def test_the_audit_log_has_the_address_that_can_be_believed(
    stack: Stack, source: str, forwarded: list[str], address: str
) -> None:
    """What proxies of ours say, and nothing that a caller wrote."""
    assert ask(stack, source, forwarded, MASTER_TOKEN, "PUT") < 300
    (entry,) = stack.api.call("GET", "/audit?limit=1").json
    assert entry["address"] == address


def test_a_stranger_does_not_get_around_the_limit_and_takes_nobody_elses(stack: Stack) -> None:
    """Whoever it claims to be, all its requests count together; those behind a proxy by caller."""
    claims = [ask(stack, STRANGER, [f"203.0.113.{n}"]) for n in range(LIMIT + 1)]
    assert claims == [401] * LIMIT + [429]
    assert ask(stack, PROXY, ["203.0.113.1"]) == 401
    behind = [ask(stack, PROXY, [f"7.7.7.{n}, 2001:db8::{n:x}"]) for n in range(LIMIT + 1)]
    assert behind == [401] * LIMIT + [429]
    assert ask(stack, PROXY, ["2001:db8:0:1::1"]) == 401


@pytest.mark.parametrize(
    ("source", "base"), [(PROXY, "https://q.example"), (STRANGER, "http://127.0.0.1:{port}")]
)
def test_only_a_known_proxy_says_where_a_request_came_to(
    stack: Stack, source: str, base: str
) -> None:
    """The scheme and host of what an answer leads to; the server itself believes no header."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", stack.port, timeout=30, source_address=(source, 0)
    )
    headers = {
        "Authorization": f"Bearer {MASTER_TOKEN}",
        "Content-Type": "application/json",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "q.example",
    }
    name = f"of-{source}"
    connection.request("PUT", f"/calendars/{name}", b'{"dates": ["2030-01-01"]}', headers)
    location = connection.getresponse().headers["Location"]
    connection.close()
    assert location == f"{base.format(port=stack.port)}/calendars/{name}"
