"""``/badge``, and the tokens that may stand in its address."""

from __future__ import annotations

import pytest

BADGE = {"type": "badge", "sub": "wiki", "scope": ["red"], "expires_at": "2027-01-01T00:00:00Z"}


@pytest.fixture
def token(client):
    answer = client.post("/tokens", json=BADGE)
    assert answer.status_code == 200, answer.text
    assert answer.json["access"] == "read"
    return answer.json["token"]


def test_a_badge_is_a_picture_that_may_be_kept_for_a_minute(anonymous, token):
    answer = anonymous.get(f"/badge/red.svg?token={token}")
    assert (answer.status_code, answer.content_type) == (200, "image/svg+xml; charset=utf-8")
    assert "<title>red: no deliveries</title>" in answer.text
    assert answer.headers["Cache-Control"] == "max-age=60"
    held = {"If-None-Match": answer.headers["ETag"]}
    assert anonymous.get(f"/badge/red.svg?token={token}", headers=held).status_code == 304
    assert anonymous.get(f"/badge/red.svg?show=lateness&token={token}").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/badge/blue.svg", 404),
        ("/badge/red.png", 404),
        ("/badge/a,b.svg", 400),
        ("/badge/red.svg?show=all", 400),
        ("/badge/red.svg?style=round", 400),
    ],
)
def test_what_is_no_badge_is_refused(anonymous, token, path, status):
    join = "&" if "?" in path else "?"
    assert anonymous.get(f"{path}{join}token={token}").status_code == status


def test_nobody_sees_one_without_a_token_for_it(client, client_with, anonymous, token):
    """A token of another kind does not stand in an address, and one for badges reads no more."""
    assert anonymous.get("/badge/red.svg").status_code == 401
    feed = client.post("/tokens", json={**BADGE, "type": "feed"}).json["token"]
    assert anonymous.get(f"/badge/red.svg?token={feed}").status_code == 401
    assert anonymous.get(f"/calendar.ics?token={token}").status_code == 401
    header = {"Authorization": f"Bearer {token}"}
    assert anonymous.get("/stats", headers=header).status_code == 401
    assert client_with("read", "red").get("/badge/red.svg").status_code == 200
    assert client_with("read", "blue").get("/badge/red.svg").status_code == 404
    assert client_with("write", "red").get("/badge/red.svg").status_code == 403
    for one in client.get("/tokens?sub=wiki").json:
        client.delete(f"/tokens/{one['jti']}")
    assert anonymous.get(f"/badge/red.svg?token={token}").status_code == 401
