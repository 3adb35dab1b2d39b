"""The rate limit: counted in the store for all processes, in this one while the store is away."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from app.factory import create_app
from app.setting_readers import RateLimit
from tests.api.conftest import with_token
from tests.api.fakes import MASTER_TOKEN, FakeServices

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def limited(redis_url="", requests=3, seconds=3600):
    services = FakeServices()
    services.settings = replace(
        services.settings, rate_limit=RateLimit(requests, seconds), redis_url=redis_url
    )
    return create_app(services)


def statuses(client, count, path="/events"):
    return [client.get(path).status_code for _ in range(count)]


def test_no_limit_no_headers(client):
    answer = client.get("/events")
    assert not [name for name, _ in answer.headers if "ratelimit" in name.lower()]


def test_headers_count_down_and_then_429():
    client = with_token(limited(), MASTER_TOKEN)
    for left in (2, 1, 0):
        answer = client.get("/events")
        assert answer.status_code == 200
        assert answer.headers["X-RateLimit-Limit"] == "3"
        assert answer.headers["X-RateLimit-Remaining"] == str(left)
        assert 0 < int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 3601
        assert "Retry-After" not in answer.headers
    answer = client.get("/events")
    assert answer.status_code == 429
    assert answer.json == {
        "error": "Too many requests (the limit is 3 per 1 hour); wait for Retry-After."
    }
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert answer.headers["X-RateLimit-Remaining"] == "0"


def test_all_paths_count_together():
    """It is a limit on the caller, not on each path."""
    client = with_token(limited(), MASTER_TOKEN)
    assert [client.get(path).status_code for path in ("/events", "/status", "/docs")] == [200] * 3
    assert client.get("/metrics").status_code == 429


def test_the_limit_is_per_token_and_else_per_address():
    app = limited(requests=2)
    master = with_token(app, MASTER_TOKEN)
    body = {
        "type": "jwt",
        "sub": "x",
        "access": "read",
        "scope": ["a"],
        "expires_at": "2031-01-01T00:00:00Z",
    }
    token = master.post("/tokens", json=body).json["token"]
    assert statuses(with_token(app, token), 3) == [200, 200, 429]
    assert statuses(master, 2) == [200, 429]
    assert statuses(app.test_client(), 3) == [401, 401, 429]


def test_a_token_written_otherwise_is_the_same_token():
    """Padding may follow its base64."""
    app = limited(requests=2)
    body = {
        "type": "jwt",
        "sub": "x",
        "access": "read",
        "scope": ["a"],
        "expires_at": "2031-01-01T00:00:00Z",
    }
    token = with_token(app, MASTER_TOKEN).post("/tokens", json=body).json["token"]
    spellings = [token, f"{token}=", token]
    answers = [with_token(app, one).get("/events").status_code for one in spellings]
    assert answers == [200, 200, 429]


def test_made_up_tokens_share_the_address(monkeypatch):
    """Guessing tokens is limited, whatever is guessed and whatever a header claims."""
    app = limited(requests=2)
    answers = [
        with_token(app, f"guess-{n}").get("/events", headers={"X-Forwarded-For": f"10.0.0.{n}"})
        for n in range(3)
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 429]


def test_probes_are_not_limited():
    app = limited(requests=1)
    assert statuses(app.test_client(), 5, "/health") == [200] * 5


def test_processes_count_together(store_url):
    """Two applications on one store are one limit."""
    first = with_token(limited(store_url), MASTER_TOKEN)
    second = with_token(limited(store_url), MASTER_TOKEN)
    assert statuses(first, 2) == [200, 200]
    assert statuses(second, 2) == [200, 429]
    assert statuses(first, 1) == [429]


def test_the_store_is_away():
    """Then each process counts by itself: neither an error nor without limit."""
    client = with_token(limited(NOBODY_LISTENS), MASTER_TOKEN)
    assert statuses(client, 4) == [200, 200, 200, 429]


@pytest.mark.parametrize("seconds", [1, 60, 3600, 86_400])
def test_every_window(seconds):
    client = with_token(limited(requests=1, seconds=seconds), MASTER_TOKEN)
    assert client.get("/events").headers["X-RateLimit-Limit"] == "1"


def test_a_missing_store_says_when_to_come_back_all_the_same():
    """503 keeps its own Retry-After beside a limit."""
    app = limited()
    app.extensions["qhronos"].health.away = True
    app.extensions["qhronos"].health.status = app.extensions["qhronos"].health.check
    answer = app.test_client().get("/status")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
