"""What every answer carries, good or not."""

from __future__ import annotations

import pytest

PATHS = ["/events", "/health", "/openapi.json", "/docs", "/nothing", "/metrics", "/tokens"]


@pytest.mark.parametrize("path", PATHS)
def test_headers_that_keep_browsers_safe(client, anonymous, path):
    """On good answers and on errors."""
    for answer in (client.get(path), anonymous.get(path)):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Set-Cookie" not in answer.headers


def test_a_request_id_is_echoed_or_made(client):
    assert client.get("/health", headers={"X-Request-Id": "a-1"}).headers["X-Request-Id"] == "a-1"
    for bad in ("", "a b", "x" * 65, "<script>", "a;b"):
        made = client.get("/health", headers={"X-Request-Id": bad}).headers["X-Request-Id"]
        assert made != bad
        assert len(made) == 16


@pytest.mark.parametrize("path", ["/events", "/docs", "/nothing", "/health"])
def test_every_answer_is_safe_to_show(client, path):
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
