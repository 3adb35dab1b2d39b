"""The rate limit: counted in the store for all processes, in this one while the store is away."""

from __future__ import annotations

import time

import pytest
from redis.crc import key_slot

from app.factory import create_app
from app.setting_readers import RateLimit
from app.store.connecting import connect
from app.wiring.doubles import Doubles
from app.wiring.services import build_services
from tests.api.application import (
    FAR_AHEAD,
    MASTER_TOKEN,
    NOBODY_LISTENS,
    settings_for,
    with_token,
)
from tests.support.wait import wait_until

LIMITS = key_slot(b"{limits}")


@pytest.fixture
def limited(app_with):
    def make(requests=3, seconds=3600, **changes):
        return app_with(rate_limit=RateLimit(requests, seconds), **changes)

    return make


def statuses(client, count, path="/events"):
    return [client.get(path).status_code for _ in range(count)]


def test_no_limit_no_headers(client):
    answer = client.get("/events")
    assert not [name for name, _ in answer.headers if "ratelimit" in name.lower()]


def test_headers_count_down_and_then_429(limited):
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


def test_all_paths_count_together(limited):
    """It is a limit on the caller, not on each path."""
    client = with_token(limited(), MASTER_TOKEN)
    assert [client.get(path).status_code for path in ("/events", "/status", "/docs")] == [200] * 3
    assert client.get("/metrics").status_code == 429


NOWHERE = {
    404: ("GET", "/nothing/here", {}),
    405: ("DELETE", "/status", {}),
    308: ("GET", "/rq", {}),
    400: ("GET", "/events", {"Host": "a/b"}),
    401: ("GET", "/tokens", {}),
    200: ("OPTIONS", "/events", {}),
}
"""By status; the first two lead to no view, and 404 also stands for a path with two slashes."""


@pytest.mark.parametrize(("status", "asked"), NOWHERE.items())
def test_every_answer_counts(limited, status, asked):
    """Also one that leads nowhere: who searches for paths or ids is held back like anybody."""
    method, path, headers = asked
    client = limited(requests=3).test_client()
    answers = [client.open(path, method=method, headers=headers) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [status] * 3 + [429] * 2
    assert client.get("/events").status_code == 429
    assert answers[0].headers["X-RateLimit-Remaining"] == "2"
    assert "Retry-After" not in answers[0].headers
    assert int(answers[3].headers["Retry-After"]) > 0
    assert client.get("/health").status_code == 200


def test_an_id_that_names_nothing_counts(limited):
    client = with_token(limited(requests=3), MASTER_TOKEN)
    paths = ["/events/x", "/nowhere", "/occurrences/x", "/events"]
    assert [client.get(path).status_code for path in paths] == [404, 404, 404, 429]


def test_the_limit_is_per_token_and_else_per_address(limited):
    app = limited(requests=2)
    master = with_token(app, MASTER_TOKEN)
    body = {
        "type": "jwt",
        "sub": "x",
        "access": "read",
        "scope": ["a"],
        "expires_at": FAR_AHEAD,
    }
    token = master.post("/tokens", json=body).json["token"]
    assert statuses(with_token(app, token), 3) == [200, 200, 429]
    assert statuses(master, 2) == [200, 429]
    assert statuses(app.test_client(), 3) == [401, 401, 429]


def test_a_token_written_otherwise_is_the_same_token(limited):
    """Padding may follow its base64."""
    app = limited(requests=2)
    body = {
        "type": "jwt",
        "sub": "x",
        "access": "read",
        "scope": ["a"],
        "expires_at": FAR_AHEAD,
    }
    token = with_token(app, MASTER_TOKEN).post("/tokens", json=body).json["token"]
    spellings = [token, f"{token}=", token]
    answers = [with_token(app, one).get("/events").status_code for one in spellings]
    assert answers == [200, 200, 429]


def test_made_up_tokens_share_the_address(limited):
    """Guessing tokens is limited, whatever is guessed and whatever a header claims."""
    app = limited(requests=2)
    answers = [
        with_token(app, f"guess-{n}").get("/events", headers={"X-Forwarded-For": f"10.0.0.{n}"})
        for n in range(3)
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 429]


def test_probes_are_not_limited(limited):
    app = limited(requests=1)
    assert statuses(app.test_client(), 5, "/health") == [200] * 5


def test_processes_count_together(limited):
    """Two applications on one store are one limit."""
    first = with_token(limited(), MASTER_TOKEN)
    second = with_token(limited(), MASTER_TOKEN)
    assert statuses(first, 2) == [200, 200]
    assert statuses(second, 2) == [200, 429]
    assert statuses(first, 1) == [429]


def test_the_counts_are_out_of_reach(store_url, clock):
    """Then each process counts by itself: neither an error nor without limit."""
    with_limit = settings_for(NOBODY_LISTENS, rate_limit=RateLimit(3, 3600))
    with connect(store_url) as store:
        services = build_services(with_limit, Doubles(store=store, clock=clock))
        client = with_token(create_app(services), MASTER_TOKEN)
        assert statuses(client, 4) == [200, 200, 200, 429]


def test_the_status_says_that_the_counts_are_out_of_reach_until_they_are_not(store_url, clock):
    """A user of the store that lacks a right for them alone."""
    with connect(store_url) as store:
        given = ["on", "nopass", "~*", "&*", "+@all", "-incrby", "-evalsha"]
        store.execute_command("ACL", "SETUSER", "limited", *given)
        try:
            url = store_url.replace("unix://", "unix://limited:x@")
            with_limit = settings_for(url, rate_limit=RateLimit(100, 3600))
            services = build_services(with_limit, Doubles(store=store, clock=clock))
            client = with_token(create_app(services), MASTER_TOKEN)
            assert "rate_limit" in problem_codes(client)
            assert "rate_limit" in problem_codes(client)
            store.execute_command("ACL", "SETUSER", "limited", "+incrby", "+evalsha")
            wait_until(lambda: "rate_limit" not in problem_codes(client), "it is counted there")
        finally:
            store.execute_command("ACL", "DELUSER", "limited")


def problem_codes(client):
    return [one["code"] for one in client.get("/status").json["problems"]]


@pytest.mark.parametrize("seconds", [1, 60, 3600, 86_400])
def test_every_window(limited, seconds):
    client = with_token(limited(requests=1, seconds=seconds), MASTER_TOKEN)
    assert client.get("/events").headers["X-RateLimit-Limit"] == "1"


def test_a_missing_store_says_when_to_come_back_all_the_same(limited):
    """503 keeps its own Retry-After beside a limit."""
    answer = limited(redis_url=NOBODY_LISTENS).test_client().get("/status")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


def test_who_finds_the_store_away_while_another_request_does_is_served(limited):
    """Flask-Limiter changes to its own counts for one request; a second one met an error."""
    app = limited()
    (limiter,) = app.extensions["limiter"]

    def away(*_args, **_kwargs):
        limiter._storage_dead = True  # so the other request has found
        raise TimeoutError

    limiter.limiter.hit = away
    client = with_token(app, MASTER_TOKEN)
    assert statuses(client, 2) == [200, 200]


def test_in_a_cluster_it_is_counted_on_the_node_that_has_it(limited, cluster):
    client = with_token(limited(redis_url=cluster.url), MASTER_TOKEN)
    assert statuses(client, 4) == [200, 200, 200, 429]
    to = next(one for one in cluster.primaries() if one is not cluster.primary_of(LIMITS))
    cluster.move_slots([LIMITS], to, atomically=True)
    assert statuses(client, 1) == [429]
