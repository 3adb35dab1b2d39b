"""Paths, methods and queries that nobody should send.

Tests ``app.api.http.errors`` and ``app.errors``, too.
"""

# ruff: noqa: RUF001 - digits that only look like digits are part of what is sent
from __future__ import annotations

import pytest

from app.services.events import EventService
from tests.api.hostile.refusals import MISSING, refused

QUERIES: list[tuple[str, str]] = [
    *[
        (f"{path}?{more}limit={wrong}", "limit")
        for path, more in (
            ("/events", ""),
            ("/occurrences", "tags=a&"),
            (f"{MISSING}/occurrences", ""),
        )
        for wrong in ("0", "-1", "1e9", "abc", "", "１２", "1.0", "+5", " 5", "1001", "9" * 30)
    ],
    *[
        (f"/occurrences?tags=a&page={wrong}", "page")
        for wrong in ("0", "-1", "1e9", "abc", "", "１２", "1.5", "99999999", "9" * 30)
    ],
    *[
        (f"{MISSING}/preview?count={wrong}", "count")
        for wrong in ("0", "-1", "1001", "1e3", "abc", "", "１２")
    ],
    *[
        (f"{path}?limit={wrong}", "limit")
        for path in ("/tokens", "/audit")
        for wrong in ("0", "-1", "1001", "1e3", "")
    ],
    ("/tokens?sub=", "sub"),
    ("/tokens?sub=" + "x" * 256, "sub"),
    ("/tokens?jti=1", "jti"),
    ("/audit?action=", "action"),
    ("/audit?object=" + "x" * 256, "object"),
    ("/audit?actor=a%00", "actor"),
    ("/audit?from=2031-01-01T00:00:00Z", "from"),
    ("/events?tags=", "tags"),
    ("/events?tags=a,,b", "tags"),
    ("/events?tags=a&tags=", "tags"),
    ("/events?tags=" + "x" * 65, "tags"),
    ("/events?tags=a%00b", "tags"),
    ("/events?match=most", "match"),
    ("/events?status=deleted", "status"),
    ("/events?status=", "status"),
    ("/events?name=", "name"),
    ("/events?name=a%00", "name"),
    ("/events?limit=5&limit=6", "limit"),
    ("/events?status=active&status=paused", "status"),
    ("/events?cursor=", "cursor"),
    ("/events?cursor=forged", "cursor"),
    ("/events?cursor=" + "x" * 600, "cursor"),
    ("/events?tag=a", "tag"),
    ("/events?page=1", "page"),
    ("/events?access_token=x", "access_token"),
    ("/occurrences", "tags"),
    ("/occurrences?page=1&limit=5", "tags"),
    ("/occurrences?match=all", "tags"),
    ("/occurrences?status=done", "status"),
    ("/occurrences?from=yesterday", "from"),
    ("/occurrences?from=2031-01-31T09:00:00", "from"),
    ("/occurrences?to=2031-01-31", "to"),
    ("/occurrences?from=2031-01-02T00:00:00Z&to=2031-01-01T00:00:00Z", "to"),
    ("/occurrences?cursor=5&tags=a", "cursor"),
    (f"{MISSING}/preview?from=now", "from"),
    (f"{MISSING}/preview?from=2031-01-02T00:00:00Z&to=2031-01-01T00:00:00Z", "to"),
    (f"{MISSING}/preview?limit=5", "limit"),
    (f"{MISSING}/occurrences?page=1", "page"),
]

PATHS: list[tuple[str, str, int]] = [
    ("GET", "/nothing", 404),
    ("GET", "/events//", 404),
    ("GET", "/nothing/", 404),
    ("GET", "/EVENTS/", 404),
    ("GET", "/events/../tokens", 404),
    ("GET", "/EVENTS", 404),
    ("GET", "/events/not-an-id", 404),
    ("GET", "/events/%00", 404),
    ("GET", "/events/%ff%fe", 404),
    ("GET", "/events/" + "x" * 5000, 404),
    ("GET", MISSING, 404),
    ("GET", f"{MISSING}/preview", 404),
    ("GET", "/occurrences/not-an-id", 404),
    ("DELETE", MISSING, 404),
    ("PUT", "/events", 405),
    ("DELETE", "/events", 405),
    ("PATCH", "/events", 405),
    ("POST", MISSING, 405),
    ("POST", "/occurrences", 405),
    ("DELETE", "/occurrences/x", 405),
    ("PUT", "/tokens", 405),
    ("POST", "/audit", 405),
    ("DELETE", "/audit", 405),
    ("PUT", "/tokens/x", 405),
    ("DELETE", "/tokens/x", 404),
    ("DELETE", "/tokens/%00", 404),
    ("DELETE", "/tokens/../events", 404),
    ("GET", "/audit//", 404),
    ("GET", "/events/rotate-secret", 405),
    ("DELETE", "/events/rotate-secret", 405),
    ("GET", "/occurrences/retry", 405),
    ("TRACE", "/events/rotate-secret", 405),
    ("POST", "/health", 405),
    ("POST", "/openapi.json", 405),
    ("TRACE", "/events", 405),
    ("BREW", "/events", 405),
]


@pytest.mark.parametrize("path", ["//events", "///events", "//", "//health", "//rq"])
def test_a_path_does_not_begin_with_more_than_one_slash(client, path):
    """As a server hands it over; test clients take the first part for a host."""
    refused(client.get("/", environ_overrides={"PATH_INFO": path}), 404)


@pytest.mark.parametrize(("url", "name"), QUERIES)
def test_a_wrong_query_parameter_is_named(client, url, name):
    body = refused(client.get(url), 400)
    assert name in str(body["fields"])
    assert body["error"].startswith(name)


@pytest.mark.parametrize(("method", "path", "status"), PATHS)
def test_every_path_and_method_answers_in_json(client, method, path, status):
    answer = client.open(path, method=method)
    refused(answer, status)
    assert ("Allow" in answer.headers) == (status == 405)


def test_an_error_that_nobody_expected_tells_nothing(client, caplog, monkeypatch):
    """A bug answers with a number to ask for; the log has the rest."""

    def fail(*_args):
        raise RuntimeError("secret inside")

    monkeypatch.setattr(EventService, "list", fail)
    answer = client.get("/events", headers={"X-Request-Id": "ask-for-me"})
    refused(answer, 500)
    assert "secret" not in answer.text
    assert answer.headers["X-Request-Id"] == "ask-for-me"
    assert "ask-for-me" in caplog.text
    assert "secret inside" in caplog.text
