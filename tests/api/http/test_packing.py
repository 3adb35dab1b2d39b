"""What is packed, for whom, and what is not."""

from __future__ import annotations

import gzip

import pytest

from app.api.http.packing import _WRITES, FROM_BYTES
from tests.api.application import FAR_AHEAD

ASKED = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def large(client, an_event):
    """An event whose answer is worth packing."""
    return client.post("/events", json={**an_event, "metadata": {"text": "a" * 2_000}}).json


def is_packed(answer) -> bool:
    return answer.headers.get("Content-Encoding") == "gzip"


@pytest.mark.parametrize(
    "path", ["/events", "/openapi.json", "/docs", "/console/static/console.css"]
)
def test_a_long_answer_is_packed_for_who_can_unpack_it(client, large, path):
    """Its length is what is sent, also for HEAD; caches learn what it depends on."""
    plain, packed = client.get(path, buffered=True), client.get(path, headers=ASKED, buffered=True)
    assert not is_packed(plain)
    assert is_packed(packed)
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Content-Length"] == str(len(packed.data))
    assert len(packed.data) < len(plain.data) / 2
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]
    assert client.head(path, headers=ASKED, buffered=True).headers["Content-Length"] == str(
        len(packed.data)
    )


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity", "*;q=0"])
def test_who_can_not_unpack_it_gets_it_plain(client, large, accepted):
    assert not is_packed(client.get("/events", headers={"Accept-Encoding": accepted}))


def test_a_short_answer_is_not_worth_it(client, created):
    answer = client.get(f"/events/{created['id']}", headers=ASKED)
    assert len(answer.data) < FROM_BYTES
    assert not is_packed(answer)
    assert "Vary" not in answer.headers


def test_a_packed_answer_has_a_weak_tag(client, large):
    """It stands for other bytes. A copy of either form is still true, and both may be written."""
    path = f"/events/{large['id']}"
    strong = client.get(path).headers["ETag"]
    weak = client.get(path, headers=ASKED).headers["ETag"]
    assert weak == f"W/{strong}"
    held = client.get(path, headers={**ASKED, "If-None-Match": weak})
    assert (held.status_code, held.headers["ETag"]) == (304, weak)
    assert "Accept-Encoding" in held.headers["Vary"]
    held = client.get(path, headers={**ASKED, "If-None-Match": strong})
    assert (held.status_code, held.headers["ETag"]) == (304, strong)
    assert client.patch(path, json={"name": "a"}, headers={"If-Match": weak}).status_code == 200
    assert client.patch(path, json={"name": "b"}, headers={"If-Match": weak}).status_code == 412


def test_an_answer_that_may_hold_a_secret_is_not_packed(client):
    """Its length would tell of it."""
    token = {
        "type": "jwt", "sub": "a" * 200, "access": "read", "expires_at": FAR_AHEAD,
        "scope": [f"{number:060}" for number in range(40)],
    }  # fmt: skip
    answer = client.post("/tokens", json=token, headers=ASKED)
    assert len(answer.data) > FROM_BYTES
    assert not is_packed(answer)


def test_pages_of_a_session_are_not_packed(anonymous):
    """They have its form token in them."""
    answer = anonymous.get("/console/sign-in", headers=ASKED)
    assert answer.status_code == 200
    assert len(answer.data) > FROM_BYTES
    assert not is_packed(answer)


def test_what_is_streamed_is_not_kept_until_it_is_whole(client, large):
    answer = client.get("/audit/export", headers=ASKED)
    assert answer.is_streamed
    assert not is_packed(answer)


def test_long_previews_are_packed(client):
    asked = {"schedule": {"every": "1m"}, "start_time": "2026-01-01T00:00:00Z"}
    assert is_packed(client.post("/preview?count=100", json=asked, headers=ASKED))


def test_the_writes_that_are_packed_are_there(app):
    """A name that is none would leave its answers unpacked."""
    assert app.view_functions.keys() >= _WRITES
