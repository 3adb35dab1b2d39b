"""``/health``, ``/status``, ``/breakers``, ``/metrics``: how the service is; its public keys."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from app import __version__
from app.domain.process import ProcessFacts
from app.runtime.embedded import EmbeddedStore
from tests.api.application import MASTER_TOKEN, NOBODY_LISTENS, with_token

FIRST = "whsk_" + "A" * 43 + "="
NEXT = "whsk_" + "B" * 42 + "A="


def test_health(app_with):
    """200 while the store answers, 503 with Retry-After while it does not."""
    # Not pytest's own directory: its paths are too long for a Unix socket.
    with tempfile.TemporaryDirectory(prefix="qhronos-") as directory:
        with EmbeddedStore(Path(directory), persist=False) as store:
            client = app_with(redis_url=store.url).test_client()
            answer = client.get("/health")
            assert (answer.status_code, answer.json) == (200, {"status": "ok"})
        answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "store" in answer.json["error"]


def test_the_status_of_an_instance_whose_store_is_away_says_so(app_with):
    """As an error, and as a problem that programs know by its code."""
    answer = app_with(redis_url=NOBODY_LISTENS).test_client().get("/status")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json["error"] == "The store does not answer; try again shortly."
    assert answer.json["status"] == "unavailable"
    (problem,) = answer.json["problems"]
    assert problem["code"] == "store_away"
    assert problem["message"].startswith("The store has nobody who listens there.") or (
        problem["message"].startswith("The store (QHRONOS_REDIS_URL)")
    )
    assert problem["runbook"] == "/docs/guide/problems.html#store_away"


def test_an_instance_of_which_the_api_alone_is_left_says_who_is_missing(client, services, clock):
    """Whoever has said nothing for ten seconds is missed, by the store's clock; health goes on."""
    until_ms = {"web": 60_000, "deliver": 10_000, "scheduler": 10_000, "upkeep": 10_000}
    for role, alive_ms in until_ms.items():
        facts = replace(services.processes.own, role=role, gauges={"up_seconds": 100.0})
        services.storage.processes.announce(role, facts.to_json(), clock.now_ms() + alive_ms)

    def codes():
        found = {one["code"] for one in client.get("/status").json["problems"]}
        return found - {"store_not_durable"}

    assert codes() == set()
    clock.advance(10_001)
    assert codes() == {"no_worker", "no_scheduler", "no_upkeep"}
    assert client.get("/health").status_code == 200
    assert 'qhronos_problem{code="no_worker"} 1.0' in client.get("/metrics").text.splitlines()
    for role in until_ms:
        services.storage.processes.gone(role)


def test_a_policy_that_throws_events_away_is_told(client, store_url):
    """As a real server says it."""
    with redis.Redis.from_url(store_url) as operator:
        operator.config_set("maxmemory", 10**9)
        operator.config_set("maxmemory-policy", "allkeys-lru")
        try:
            codes = [one["code"] for one in client.get("/status").json["problems"]]
        finally:
            operator.config_set("maxmemory-policy", "noeviction")
            operator.config_set("maxmemory", 0)
    assert "store_evicts" in codes


def test_status(client, anonymous, clock, an_event):
    """How much is due, for how long it has been, and who sees to it; nothing that is secret."""
    for _ in range(2):
        client.post("/events", json=an_event)
    clock.advance(33 * 3_600_000 + 250)
    answer = anonymous.get("/status").json
    assert answer.pop("uptime_seconds") >= 0
    # The store of these tests keeps nothing on disk.
    assert [one["code"] for one in answer.pop("problems")] == ["store_not_durable"]
    assert answer == {
        "status": "degraded",
        "version": __version__,
        "store": "ok",
        "queue_depth": 2,
        "lag_ms": 250,
        "workers": 0,
    }


def test_a_problem_is_in_the_status_and_in_the_metrics(client, clock, an_event):
    """The service is degraded while there is a problem; a sentence says what to do."""
    assert 'qhronos_problem{code="lag"} 0.0' in client.get("/metrics").text.splitlines()
    client.post("/events", json=an_event)
    clock.advance(33 * 3_600_000 + 7_250)
    answer = client.get("/status").json
    assert answer["status"] == "degraded"
    problem, _ = answer["problems"]
    assert problem["code"] == "lag"
    assert "7 s" in problem["message"]
    assert 'qhronos_problem{code="lag"} 1.0' in client.get("/metrics").text.splitlines()


def test_only_admins_are_told_of_which_hosts_a_problem_is(client, client_with, anonymous, services):
    """The status is open to everybody, and names of hosts are nobody's business."""
    odd = ProcessFacts("web", "a-host.example", 4711, schema=1)
    services.storage.processes.announce("odd", odd.to_json(), services.clock.now_ms() + 60_000)
    services.processes.announce()
    try:
        told = {}
        askers = {"admin": client, "reader": client_with("read", "a"), "anybody": anonymous}
        askers["a wrong token"] = with_token(client.application, "wrong")
        for name, asker in askers.items():
            (told[name],) = [
                one["message"]
                for one in asker.get("/status").json["problems"]
                if one["code"] == "settings"
            ]
    finally:
        services.storage.processes.gone("odd")
        services.storage.processes.gone(services.processes.name)
    assert "web on a-host.example (pid 4711)" in told.pop("admin")
    for message in told.values():
        assert "a-host" not in message
        assert "4711" not in message
        assert "start the newest version everywhere" in message


def test_metrics_for_admins(client, client_with, anonymous, clock, an_event):
    for _ in range(2):
        client.post("/events", json=an_event)
    clock.advance(33 * 3_600_000 + 250)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    assert "qhronos_queue_depth 2.0" in answer.text.splitlines()
    assert "qhronos_lag_seconds 0.25" in answer.text.splitlines()
    assert client_with("read", "a").get("/metrics").status_code == 403
    assert anonymous.get("/metrics").status_code == 401


def test_each_process_of_the_api_shows_what_all_have_counted(app_with):
    """Also what it has counted itself until then; and as OpenMetrics if asked for."""
    counted = 'qhronos_api_request_seconds_count{method="GET",route="/health",status="2xx"}'
    first, second = (with_token(app_with(), MASTER_TOKEN) for _ in range(2))
    for client in (first, second, second):
        client.get("/health")
    second.get("/metrics")
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answers = [client.get("/metrics", headers=accept) for client in (first, second)]
    for answer in answers:
        assert answer.content_type.startswith("application/openmetrics-text")
        assert f"{counted} 3.0" in answer.text.splitlines()
        assert answer.text.endswith("# EOF\n")


METRICS = {"type": "metrics", "sub": "p", "scope": [], "expires_at": "2027-01-01T00:00:00Z"}


@pytest.fixture
def scraper(app, client):
    """A client with a token for the metrics alone."""
    return with_token(app, client.post("/tokens", json=METRICS).json["token"])


def test_a_metrics_token_reads_the_metrics_and_reaches_nothing_else(app, scraper):
    """Every other path that needs a token refuses it, whatever the method."""
    assert scraper.get("/metrics").status_code == 200
    tried = 0
    for rule in app.url_map.iter_rules():
        if rule.rule == "/metrics" or rule.endpoint.startswith(("console.", "static")):
            continue
        path = re.sub("<[^>]*>", "x", rule.rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            with_it = scraper.open(path, method=method, json={})
            without = app.test_client().open(path, method=method, json={})
            assert with_it.status_code == without.status_code, (method, path)
            tried += with_it.status_code == 401
    assert tried > 60


def test_a_metrics_token_ends_as_any_other(client, scraper, clock):
    """It is listed, and revoked; and it has an end."""
    (listed,) = client.get("/tokens").json
    assert (listed["type"], listed["access"], listed["scope"]) == ("metrics", "read", [])
    second = with_token(client.application, client.post("/tokens", json=METRICS).json["token"])
    assert client.delete(f"/tokens/{listed['jti']}").status_code == 204
    assert scraper.get("/metrics").status_code == 401
    assert second.get("/metrics").status_code == 200
    clock.advance(366 * 86_400_000)
    assert second.get("/metrics").status_code == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"access": "admin"}, "access"), ({"access": "write"}, "access"), ({"scope": ["a"]}, "scope")],
)
def test_what_a_metrics_token_can_not_be(client, changes, field):
    answer = client.post("/tokens", json={**METRICS, **changes})
    assert answer.status_code == 400
    assert list(answer.json["fields"]) == [field]


def test_metrics_for_all(app_with):
    assert app_with(metrics_public=True).test_client().get("/metrics").status_code == 200


@pytest.mark.parametrize("path", ["/events", "/occurrences/01960000-0000-8000-8000-000000000000"])
def test_the_store_is_away(app_with, path):
    """Whatever was asked: 503, when to come back, and nothing of the inside."""
    answer = with_token(app_with(redis_url=NOBODY_LISTENS), MASTER_TOKEN).get(path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json == {"error": "The store does not answer; try again shortly."}


def test_open_breakers_are_shown_to_admins(client, client_with, services, clock) -> None:
    assert client.get("/breakers").json == []
    now_ms = clock.now_ms()
    times = {"first_ms": 5_000, "longest_ms": 60_000, "forget_ms": 600_000}
    services.storage.breakers.open("https://a.example:443", now_ms, **times)
    (found,) = client.get("/breakers").json
    assert found == {"target": "https://a.example:443", "open_until": "2026-01-01T00:00:05Z"}
    assert client_with("read_write", "red").get("/breakers").status_code == 403


def test_without_keys_there_is_nothing(client):
    answer = client.get("/.well-known/webhook-keys", headers={"Authorization": ""})
    assert answer.status_code == 404
    assert "v1" in answer.json["error"]


def test_everybody_may_read_all_that_sign_and_keep_them_for_a_while(app_with):
    client = app_with(signing_private_key=f"{FIRST},{NEXT}").test_client()
    answer = client.get("/.well-known/webhook-keys")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "max-age=300"
    first, second = answer.json["keys"]
    assert first.keys() == second.keys() == {"id", "algorithm", "key"}
    assert first["key"] == "whpk_O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
    assert first["id"] != second["id"]
    assert FIRST[5:] not in answer.text
