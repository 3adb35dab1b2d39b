"""``/health``, ``/status``, ``/metrics``, and what every answer carries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.errors import StoreUnavailable


def test_health(anonymous, services):
    """200 while the store answers, 503 with Retry-After while it does not."""
    answer = anonymous.get("/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    services.health.away = True
    answer = anonymous.get("/health")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "store" in answer.json["error"]


def test_status(anonymous, services):
    assert anonymous.get("/status").json == services.health.status()


def test_metrics_for_admins(client, client_with, anonymous):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    assert "qhronos_queue_depth 2.0" in answer.text.splitlines()
    assert "qhronos_lag_ms 3.5" in answer.text.splitlines()
    assert client_with("read", "a").get("/metrics").status_code == 403
    assert anonymous.get("/metrics").status_code == 401


def test_metrics_for_all(anonymous, services):
    services.settings = replace(services.settings, metrics_public=True)
    assert anonymous.get("/metrics").status_code == 200


def test_the_store_is_away(client, services):
    """Whatever was asked: 503, when to come back, and nothing of the inside."""

    def fail(*_args):
        raise StoreUnavailable

    services.events.list = services.events.create = services.occurrences.get = fail
    for answer in (client.get("/events"), client.get("/occurrences/x")):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.json == {"error": "The store does not answer; try again shortly."}


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
