"""Tokens good and bad: what is wrong with one is nobody's business."""

from __future__ import annotations

import base64
import json
import logging

import jwt
import pytest

from tests.api.application import JWT_SECRET, MASTER_TOKEN, with_token
from tests.support.clock import NOW_MS

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


def sign(claims, key=JWT_SECRET, algorithm="HS256", **options):
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
    "HS384": sign(CLAIMS, JWT_SECRET + JWT_SECRET, "HS384"),
    "HS512 with our key": sign(CLAIMS, JWT_SECRET + JWT_SECRET, "HS512"),
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


def test_a_token_that_was_good_ends(app, clock):
    """Time is looked at on every request: from its end on, a token is as good as none."""
    client = with_token(app, sign({**CLAIMS, "exp": NOW + 60}))
    for later, status in ((0, 200), (59, 200), (60, 401), (1000, 401)):
        clock.ms = NOW_MS + later * 1000
        assert client.get("/events").status_code == status


def test_no_secret_no_way_in(app_with):
    """An empty master token is not the token "nothing"."""
    client = app_with(master_token="").test_client()
    assert client.get("/events", headers={"Authorization": "Bearer "}).status_code == 401


def test_the_library_s_own_view_of_the_time_does_not_count(app, clock):
    """It goes by this host's clock: ``JWT_DECODE_LEEWAY`` and ``allow_expired`` keep it out.

    When this fails after a change of flask-jwt-extended or PyJWT, see what ``decode_token`` makes
    of ``exp``, ``iat`` and ``nbf``; the service's clock alone may judge them.
    """
    year_s = 365 * 86_400
    for moment_s in (NOW - 20 * year_s, NOW + 50 * year_s):
        clock.ms = moment_s * 1_000
        token = sign({**CLAIMS, "iat": moment_s, "nbf": moment_s, "exp": moment_s + 60})
        assert with_token(app, token).get("/events").status_code == 200
