"""The attacker on the network: has no token, an old one, or one that was taken away."""

from __future__ import annotations

import base64
import json

import jwt
import pytest

from app.api.http.credentials import LONGEST_TOKEN, key_name
from app.wiring.engine import Engine
from tests.security.conftest import DAY_MS, MASTER_TOKEN, NOW_MS, SECRETS

KEY = SECRETS["jwt_secret"]
OTHER_KEY = "another-jwt-secret-of-the-security-tests"
CLAIMS = {
    "sub": "somebody",
    "access": "admin",
    "scope": [],
    "iat": NOW_MS // 1000,
    "exp": (NOW_MS + DAY_MS) // 1000,
    "jti": "7a9b2f1e-0000-4000-8000-000000000001",
    "iss": "qhronos",
    "type": "access",
}


def sign(key=KEY, algorithm="HS256", headers=None, **claims):
    return jwt.encode({**CLAIMS, **claims}, key, algorithm, headers=headers)


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


FORGED = {
    "another key": sign(OTHER_KEY),
    "another key that claims to be ours": sign(OTHER_KEY, headers={"kid": key_name(KEY)}),
    "our key by another name": sign(headers={"kid": key_name(OTHER_KEY)}),
    "none": f"{part({'alg': 'none'})}.{part(CLAIMS)}.",
    "HS512": sign(KEY * 2, "HS512"),
    "HS384 with our key": sign(KEY * 2, "HS384", headers={"kid": key_name(KEY)}),
    "expired": sign(exp=NOW_MS // 1000 - 11),
    "no end": jwt.encode({k: v for k, v in CLAIMS.items() if k != "exp"}, KEY, "HS256"),
    "a kid that is a path": sign(headers={"kid": "../../../../dev/null"}),
    "an empty key by a kid that is a path": sign("x" * 32, headers={"kid": "/dev/null"}),
    "a kid that is a query": sign(headers={"kid": "' OR 1=1 --"}),
    "a kid of another type": f"{part({'alg': 'HS256', 'kid': ['x']})}.{part(CLAIMS)}.xx",
    "a key in the header": sign(OTHER_KEY, headers={"jwk": {"kty": "oct", "k": "eA"}}),
    "a key at an address": sign(OTHER_KEY, headers={"jku": "http://127.0.0.1/keys"}),
    "100 kB": sign(padding="x" * 75_000),
    "longer than any of ours": sign(padding="x" * LONGEST_TOKEN),
    "1 MB of nothing": "x" * 1_000_000,
}


@pytest.mark.parametrize("name", FORGED)
def test_a_token_that_is_not_ours_opens_nothing(process, name):
    answer = process.client(FORGED[name]).get("/events")
    assert answer.status_code == 401
    assert FORGED[name] not in answer.text


def test_a_good_token_differs_from_those_in_one_thing(process):
    assert process.client(sign()).get("/events").status_code == 200
    assert process.client(sign(headers={"kid": key_name(KEY)})).get("/events").status_code == 200


def test_a_revoked_token_is_refused_at_once_by_every_process(start):
    """Although each remembers that its signature was good."""
    one, other = start(), start()
    token = one.mint()
    assert [each.client(token).get("/events").status_code for each in (one, other)] == [200, 200]
    (listed,) = one.client().get("/tokens").json
    assert other.client().delete(f"/tokens/{listed['jti']}").status_code == 204
    for each in (one, other):
        answer = each.client(token).get("/events")
        assert answer.status_code == 401
        assert "revoked" in answer.json["error"]
    assert one.client().delete(f"/tokens/{listed['jti']}").status_code == 404
    assert one.client().get("/tokens").json == []


def test_all_tokens_of_a_subject_are_revoked_also_those_that_nobody_registered(start):
    """And one that is made in the same second is good."""
    one, other = start(), start()
    mine = [one.mint(sub="mallory") for _ in range(3)]
    unregistered, others = sign(sub="mallory"), one.mint(sub="alice")
    assert other.client(unregistered).get("/events").status_code == 200
    assert one.client().delete("/tokens?sub=mallory").json == {"revoked": 3}
    for token in (*mine, unregistered):
        assert other.client(token).get("/events").status_code == 401
    assert other.client(others).get("/events").status_code == 200
    fresh = one.mint(sub="mallory")
    assert other.client(fresh).get("/events").status_code == 200
    assert one.client().delete("/tokens?sub=mallory").json == {"revoked": 1}
    assert other.client(fresh).get("/events").status_code == 401


def test_while_the_store_is_away_no_token_passes_unchecked(process, start):
    """503, not 200: nobody can say whether it was revoked. Not 401 either: it may be good."""
    token = process.mint()
    away = start(redis_url="redis://127.0.0.1:1/0")
    assert away.client(token).get("/openapi.json").status_code == 200
    for path in ("/events", "/metrics", "/tokens"):
        answer = away.client(token).get(path)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
    assert away.client(sign(OTHER_KEY)).get("/events").status_code == 401


def test_a_key_is_changed_without_a_gap(start):
    """Tokens of the key before are good as long as it is named; new ones are the new key's."""
    before = start()
    old = before.mint()
    between = start(jwt_secret=OTHER_KEY, jwt_secret_previous=KEY)
    new = between.mint()
    assert jwt.get_unverified_header(new)["kid"] == key_name(OTHER_KEY)
    assert between.client(old).get("/events").status_code == 200
    assert between.client(new).get("/events").status_code == 200
    after = start(jwt_secret=OTHER_KEY)
    assert after.client(old).get("/events").status_code == 401
    assert after.client(new).get("/events").status_code == 200
    assert before.client(new).get("/events").status_code == 401


def test_a_token_can_not_make_one_that_outlives_it(process):
    token = process.mint(access="admin", scope=[])
    client = process.client(token)
    body = {"type": "jwt", "sub": "x", "access": "admin", "scope": []}
    late = {**body, "expires_at": "2030-01-02T00:00:01Z"}
    assert client.post("/tokens", json=late).status_code == 403
    same = {**body, "expires_at": "2030-01-02T00:00:00Z"}
    assert client.post("/tokens", json=same).status_code == 200


@pytest.mark.parametrize("access", ["read", "write", "read_write"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tokens"),
        ("POST", "/tokens"),
        ("DELETE", "/tokens?sub=x"),
        ("DELETE", "/tokens/x"),
        ("GET", "/audit"),
        ("GET", "/audit/export"),
        ("GET", "/metrics"),
    ],
)
def test_what_is_for_admins_is_for_admins(process, access, method, path):
    answer = process.client(process.mint(access=access)).open(path, method=method)
    assert answer.status_code == 403


def test_the_list_of_tokens_tells_no_secret_and_when_each_was_used(process, admin):
    """To the minute: a busy token costs one write a minute."""
    token = process.mint(sub="Zoë", scope=["red", "blue"])
    (listed,) = admin.get("/tokens").json
    assert listed == {
        "jti": jwt.decode(token, options={"verify_signature": False})["jti"],
        "type": "jwt",
        "sub": "Zoë",
        "access": "read_write",
        "scope": ["blue", "red"],
        "created_at": "2030-01-01T00:00:00Z",
        "last_used_at": None,
        "expires_at": "2030-01-02T00:00:00Z",
    }
    seen = []
    for later_ms in (0, 59_999, 60_000):
        process.clock.ms = NOW_MS + later_ms
        process.client(token).get("/events")
        seen.append(admin.get("/tokens").json[0]["last_used_at"])
    assert seen == ["2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "2030-01-01T00:01:00Z"]
    assert token not in admin.get("/tokens").text


def test_the_list_of_tokens_has_pages_and_forgets_what_has_ended(process, admin):
    for number in range(5):
        process.clock.ms += 1
        process.mint(sub=f"user{number % 2}")
    first = admin.get("/tokens?limit=3")
    assert first.headers["X-Total-Count"] == "5"
    link = first.headers["Link"].split(";")[0].strip("<>")
    second = admin.get(link)
    subjects = [one["sub"] for one in (*first.json, *second.json)]
    assert subjects == ["user0", "user1", "user0", "user1", "user0"]
    assert "Link" not in second.headers
    assert [one["sub"] for one in admin.get("/tokens?sub=user1").json] == ["user1", "user1"]
    process.clock.ms = NOW_MS + DAY_MS
    Engine(process.services).upkeep.retain()
    assert admin.get("/tokens").json == []
    assert [
        key
        for key in process.services.storage.client.keys(b"qh:{tokens}*")
        if b":token:" not in key
    ] == []


def test_checking_a_token_is_one_round_trip(process):
    """Within the minute in which its use has been noted."""
    client = process.client(process.mint())
    client.get("/openapi.json")
    client.get("/occurrences/x")
    stats = process.services.storage.client.info("commandstats")
    client.get("/occurrences/x")
    after = process.services.storage.client.info("commandstats")
    calls = {
        name: after[name]["calls"] - stats.get(name, {"calls": 0})["calls"]
        for name in after
        if name != "cmdstat_info"
    }
    assert {name: count for name, count in calls.items() if count} == {"cmdstat_mget": 1}


def test_the_master_token_works_while_nothing_can_be_looked_up(start):
    """It is how one gets back in."""
    away = start(redis_url="redis://127.0.0.1:1/0")
    answer = away.client(MASTER_TOKEN).get("/tokens")
    assert answer.status_code == 503
    assert "store" in answer.json["error"]
