"""``/signing-secrets``: written by admins, never shown again.

Tests ``app.api.schemas.tag_secrets``, too.
"""

from __future__ import annotations

import pytest

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def test_its_life(client):
    """Written, listed, changed, taken away."""
    made = client.put("/signing-secrets/red", json={"secret": SECRET, "overlap": "1h"})
    assert made.status_code == 201
    assert made.json == {
        "tag": "red",
        "updated_at": "2026-01-01T00:00:00Z",
        "previous_until": "2026-01-01T01:00:00Z",
    }
    again = client.put("/signing-secrets/red")
    assert again.status_code == 200
    assert again.json["secret"].startswith("whsec_")
    assert again.json["previous_until"] == "2026-01-02T00:00:00Z"
    assert client.get("/signing-secrets").json == [
        {"tag": "red", "updated_at": "2026-01-01T00:00:00Z"}
    ]
    assert client.delete("/signing-secrets/red").status_code == 204
    assert client.delete("/signing-secrets/red").status_code == 404
    assert client.get("/signing-secrets").json == []


@pytest.mark.parametrize(
    ("path", "tag"), [("a/b", "a/b"), ("Zo%C3%AB", "Zoë"), ("%20a%20", "a"), ("a%2Fb", "a/b")]
)
def test_any_tag_can_have_one(client, path, tag):
    assert client.put(f"/signing-secrets/{path}").json["tag"] == tag
    assert client.delete(f"/signing-secrets/{path}").status_code == 204


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("a,b", {}, "tag"),
        ("a%09b", {}, "tag"),
        ("x" * 65, {}, "tag"),
        ("red", {"secret": ""}, "secret"),
        ("red", {"secret": "whsec_***"}, "secret"),
        ("red", {"secret": 5}, "secret"),
        ("red", {"overlap": "31d"}, "overlap"),
        ("red", {"overlap": "soon"}, "overlap"),
        ("red", {"hmac_secret": SECRET}, "hmac_secret"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(client, path, body, field):
    answer = client.put(f"/signing-secrets/{path}", json=body)
    assert answer.status_code == 400
    assert list(answer.json["fields"]) == [field]
    assert client.get("/signing-secrets").json == []


@pytest.mark.parametrize("access", ["read", "write", "read_write"])
def test_it_is_for_admins(client, client_with, anonymous, access):
    """A tenant could otherwise take the secret of those who share a tag with it."""
    for asking, status in ((client_with(access, "red"), 403), (anonymous, 401)):
        assert asking.put("/signing-secrets/red", json={"secret": SECRET}).status_code == status
        assert asking.delete("/signing-secrets/red").status_code == status
        assert asking.get("/signing-secrets").status_code == status
    assert client_with("admin").put("/signing-secrets/red").status_code == 201


def test_the_secret_is_in_no_answer_no_log_and_not_in_the_store(client, services, redis_client):
    """Given or made, by whom it is asked for."""
    given = client.put("/signing-secrets/red", json={"secret": SECRET})
    made = client.put("/signing-secrets/blue").json["secret"]
    texts = [given.text, client.get("/signing-secrets").text, client.get("/audit").text]
    texts.append(client.get("/audit/export").text)
    stored = b"".join(redis_client.hgetall("qh:{secrets}").values())
    for secret in (SECRET, made):
        assert not [text for text in texts if secret in text]
        assert secret.encode() not in stored
        assert secret.removeprefix("whsec_").encode() not in stored
    put, other = client.get("/audit?action=signing-secret.put").json
    assert (put["object"], other["object"]) == ("blue", "red")
    assert put["after"]["secret"] == "***"
