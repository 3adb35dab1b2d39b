"""Who may do what: tokens good and bad, before anything else of a request is looked at."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace

import jwt
import pytest

from app.domain.times import to_rfc3339
from app.factory import create_app
from tests.api.conftest import with_token
from tests.api.fakes import MASTER_TOKEN, NOW_MS

KEY = "jwt-secret-for-tests-of-32-bytes!"
NOW = NOW_MS // 1000
CLAIMS = {
    "sub": "somebody",
    "access": "read",
    "scope": ["billing"],
    "iat": 1_700_000_000,
    "exp": NOW + 3600,
    "jti": "1f0c",
    "iss": "qhronos",
    "type": "access",
}
GUARDED = [
    ("GET", "/events"),
    ("POST", "/events"),
    ("GET", "/events/x"),
    ("PUT", "/events/x"),
    ("PATCH", "/events/x"),
    ("DELETE", "/events/x"),
    ("GET", "/events/x/occurrences"),
    ("GET", "/events/x/preview"),
    ("GET", "/occurrences"),
    ("GET", "/occurrences/x"),
    ("POST", "/tokens"),
    ("GET", "/tokens"),
    ("DELETE", "/tokens"),
    ("DELETE", "/tokens/x"),
    ("GET", "/audit"),
    ("GET", "/audit/export"),
    ("GET", "/metrics"),
]


def sign(claims, key=KEY, algorithm="HS256", **options):
    return jwt.encode(claims, key, algorithm, **options)


def without(*names):
    return {name: value for name, value in CLAIMS.items() if name not in names}


def part(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def unsigned(header, claims, signature=""):
    return f"{part(header)}.{part(claims)}.{signature}"


BAD_TOKENS = {
    "empty": "",
    "nonsense": "nonsense",
    "two parts": "a.b",
    "three parts": "a.b.c",
    "the master token and more": MASTER_TOKEN + "x",
    "the master token but its end": MASTER_TOKEN[:-1],
    "the master token in capitals": MASTER_TOKEN.upper(),
    "forged": sign(CLAIMS, "another-secret-that-is-32-bytes-long"),
    "no algorithm": unsigned({"alg": "none", "typ": "JWT"}, CLAIMS),
    "no algorithm in capitals": unsigned({"alg": "None"}, CLAIMS, "x"),
    "HS384": sign(CLAIMS, KEY + KEY, "HS384"),
    "HS512 with our key": sign(CLAIMS, KEY + KEY, "HS512"),
    "critical header": sign(CLAIMS, headers={"crit": ["exp"]}),
    "expired": sign({**CLAIMS, "exp": NOW - 11}),
    "expired long ago": sign({**CLAIMS, "exp": 0}),
    "ends in a million years": sign({**CLAIMS, "exp": 10**13}),
    "ends in 10**30 seconds": sign({**CLAIMS, "exp": 10**30}),
    "ends as text": sign({**CLAIMS, "exp": str(NOW + 3600)}),
    "ends as boolean": sign({**CLAIMS, "exp": True}),
    "ends as a list": sign({**CLAIMS, "exp": [NOW + 3600]}),
    "begins later": sign({**CLAIMS, "nbf": NOW + 60}),
    **{f"without {name}": sign(without(name)) for name in CLAIMS},
    "another issuer": sign({**CLAIMS, "iss": "somebody"}),
    "a refresh token": sign({**CLAIMS, "type": "refresh"}),
    "for another audience": sign({**CLAIMS, "aud": "elsewhere"}),
    "scope as text": sign({**CLAIMS, "scope": "billing"}),
    "scope as object": sign({**CLAIMS, "scope": {"billing": 1}}),
    "scope of numbers": sign({**CLAIMS, "scope": [1]}),
    "scope of nothing": sign({**CLAIMS, "scope": None}),
    "scope with an impossible tag": sign({**CLAIMS, "scope": ["a,b"]}),
    "an unknown access": sign({**CLAIMS, "access": "owner"}),
    "access as a list": sign({**CLAIMS, "access": ["admin"]}),
    "no access": sign({**CLAIMS, "access": None}),
    "sub as number": sign({**CLAIMS, "jti": 5}),
    "claims as a list": unsigned({"alg": "HS256", "typ": "JWT"}, [1], "x"),
    "claims as text": unsigned({"alg": "HS256", "typ": "JWT"}, "x", "x"),
    "a deep header": unsigned(b"[" * 5000, CLAIMS, "x"),
    "deep claims": unsigned({"alg": "HS256"}, b"[" * 5000, "x"),
    "a header of NaN": unsigned(b'{"alg": NaN}', CLAIMS, "x"),
    "a header of bytes": unsigned(b"\xff\xfe", CLAIMS, "x"),
    "not base64": "!!!.???.###",
    "dots": "." * 100,
    "not ASCII": "tökén",
    "8 kilobytes": "x" * 8000,
    "a kid that is a path": sign(CLAIMS, "x" * 32, headers={"kid": "../../dev/null"}),
}


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_a_token(anonymous, services, method, path):
    """401 that says how, even if everything else of the request is wrong too."""
    answer = anonymous.open(path, method=method, data=b"{{{", content_type="text/plain")
    assert answer.status_code == 401
    assert "Authorization: Bearer" in answer.json["error"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="qhronos"'
    assert services.events.writes == 0


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "Token x", MASTER_TOKEN])
def test_another_scheme(anonymous, header):
    answer = anonymous.get("/events", headers={"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_bad_token(app, token, caplog):
    """401 that tells nothing about what is wrong with it, and no token in the log."""
    caplog.set_level(logging.DEBUG)
    answer = with_token(app, token).get("/events")
    assert answer.status_code == 401
    assert set(answer.json) == {"error"}
    assert len(token) < 8 or token not in caplog.text


def test_a_good_token(app):
    """What the bad ones differ from in one thing."""
    assert with_token(app, sign(CLAIMS)).get("/events").status_code == 200


@pytest.mark.parametrize("word", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_in_any_case(anonymous, word):
    answer = anonymous.get("/events", headers={"Authorization": f"{word}  {MASTER_TOKEN} "})
    assert answer.status_code == 200


def test_a_token_that_was_good_ends(app, services):
    """Time is looked at on every request: from its end on, a token is as good as none."""
    client = with_token(app, sign({**CLAIMS, "exp": NOW + 60}))
    for later, status in ((0, 200), (59, 200), (60, 401), (1000, 401)):
        services.clock.ms = NOW_MS + later * 1000
        assert client.get("/events").status_code == status


def test_no_secret_no_way_in(services):
    """An empty master token is not the token "nothing"."""
    services.settings = replace(services.settings, master_token="")
    client = create_app(services).test_client()
    assert client.get("/events", headers={"Authorization": "Bearer "}).status_code == 401


ANSWERS = {
    # access: (read a list, create in scope, mint a token, metrics)
    "read": (200, 403, 403, 403),
    "write": (403, 201, 403, 403),
    "read_write": (200, 201, 403, 403),
    "admin": (200, 201, 200, 200),
}


@pytest.mark.parametrize("access", ANSWERS)
def test_what_each_access_may(client_with, valid, access):
    client = client_with(access, "billing")
    token = {
        "type": "jwt",
        "sub": "x",
        "access": "read",
        "scope": ["a"],
        "expires_at": to_rfc3339(NOW_MS + 60_000),
    }
    answers = (
        client.get("/events"),
        client.post("/events", json={**valid, "tags": ["billing"]}),
        client.post("/tokens", json=token),
        client.get("/metrics"),
    )
    assert tuple(answer.status_code for answer in answers) == ANSWERS[access]
    assert all("error" in answer.json for answer in answers if answer.status_code == 403)


def test_scope_reaches_the_services(client, client_with, valid):
    """Out of scope does not exist; creating out of scope is refused."""
    mine = client.post("/events", json={**valid, "tags": ["billing"]}).json["id"]
    other = client.post("/events", json={**valid, "tags": ["eu"]}).json["id"]
    limited = client_with("read_write", "billing")
    assert [event["id"] for event in limited.get("/events").json] == [mine]
    assert limited.get("/events").headers["X-Total-Count"] == "1"
    assert limited.get(f"/events/{other}").status_code == 404
    assert limited.post("/events", json={**valid, "tags": ["eu"]}).status_code == 403
    assert limited.post("/events", json=valid).status_code == 403


def test_a_write_token_without_read_may_name_several_versions(client_with, valid):
    """Comparing versions is part of writing."""
    client = client_with("write", "billing")
    event = client.post("/events", json={**valid, "tags": ["billing"]}).json["id"]
    answer = client.put(f"/events/{event}", json={"name": "x"}, headers={"If-Match": '"1", "2"'})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/health", "/status", "/openapi.json", "/docs"])
def test_open_to_all(anonymous, app, path):
    """Even with a token that is none."""
    assert anonymous.get(path).status_code == 200
    assert anonymous.head(path).status_code == 200
    assert with_token(app, "nonsense").get(path).status_code == 200


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_options_tells_what_is_possible(anonymous, method, path):
    answer = anonymous.options(path)
    assert answer.status_code == 200
    assert method in answer.headers["Allow"]
