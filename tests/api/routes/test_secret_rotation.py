"""``rotate-secret``, of one event and by tag.

Tests ``app.services.secret_rotation``, too.
"""

from __future__ import annotations

import pytest

from app.domain.signing import signing_key
from app.services import secret_rotation as module
from app.store import indexes
from tests.support.clock import NOW_MS

DAY_MS = 86_400_000


@pytest.fixture
def make(client, an_event):
    def one(*tags, **fields):
        return client.post("/events", json={**an_event, "tags": list(tags), **fields}).json["id"]

    return one


@pytest.fixture
def secrets_of(services):
    """What signs an event's deliveries at a moment."""

    def read(event_id, now_ms=NOW_MS):
        raw = bytes.fromhex(event_id.replace("-", ""))
        stored = services.storage.events.get(raw).hmac_secret
        return services.crypto.signing_secrets.of(raw, stored, now_ms)

    return read


def test_a_secret_that_is_made_is_shown_once(client, make, secrets_of):
    event = make("red", hmac_secret="the old one")
    version = client.get(f"/events/{event}").headers["ETag"]
    answer = client.post(f"/events/{event}/rotate-secret")
    assert answer.status_code == 200
    assert answer.json.keys() == {"secret", "previous_until"}
    assert answer.json["previous_until"] == "2026-01-02T00:00:00Z"
    assert len(signing_key(answer.json["secret"])) == 32
    assert secrets_of(event) == (answer.json["secret"], "the old one")
    assert secrets_of(event, NOW_MS + DAY_MS) == (answer.json["secret"],)
    later = client.get(f"/events/{event}")
    assert answer.json["secret"] not in later.text
    assert later.headers["ETag"] != version


def test_a_secret_that_was_given_is_not_repeated(client, make, secrets_of):
    event = make()
    body = {"secret": "the new one", "overlap": "90s"}
    answer = client.post(f"/events/{event}/rotate-secret", json=body)
    assert answer.json == {"previous_until": "2026-01-01T00:01:30Z"}
    assert secrets_of(event) == ("the new one", "signing-secret-for-tests")
    assert secrets_of(event, NOW_MS + 90_000) == ("the new one",)


def test_no_overlap_is_a_choice(client, make, secrets_of):
    """For a secret that has leaked."""
    event = make(hmac_secret="leaked")
    body = {"secret": "the new one", "overlap": "0s"}
    assert client.post(f"/events/{event}/rotate-secret", json=body).status_code == 200
    assert secrets_of(event) == ("the new one",)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"secret": ""}, "secret"),
        ({"secret": "whsec_***"}, "secret"),
        ({"secret": 5}, "secret"),
        ({"secret": "x" * 513}, "secret"),
        ({"overlap": "31d"}, "overlap"),
        ({"overlap": "-1s"}, "overlap"),
        ({"overlap": "soon"}, "overlap"),
        ({"overlap": 5}, "overlap"),
        ({"hmac_secret": "x"}, "hmac_secret"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_changes(client, make, secrets_of, body, field):
    event = make("red", hmac_secret="the old one")
    for path in (f"/events/{event}/rotate-secret", "/events/rotate-secret?tags=red"):
        answer = client.post(path, json=body)
        assert answer.status_code == 400
        assert field in answer.json["fields"]
    assert secrets_of(event) == ("the old one",)


def test_by_tag_all_get_the_same_one(client, make, secrets_of):
    """Counted first; others are left alone."""
    mine, other = [make("red"), make("red", "blue")], make("blue", hmac_secret="x")
    counted = client.post("/events/rotate-secret?tags=red&dry_run=true").json
    assert counted == {"count": 2, "previous_until": "2026-01-02T00:00:00Z"}
    assert secrets_of(mine[0]) == ("signing-secret-for-tests",)
    answer = client.post("/events/rotate-secret?tags=red").json
    assert answer["count"] == 2
    for event in mine:
        assert secrets_of(event) == (answer["secret"], "signing-secret-for-tests")
    assert secrets_of(other) == ("x",)


@pytest.mark.parametrize("query", ["", "?tags=", "?tags=red&dry_run=yes", "?tag=red", "?match=all"])
def test_by_tag_needs_tags(client, make, query):
    assert client.post(f"/events/rotate-secret{query}").status_code == 400


def test_by_tag_is_bounded(client, make, secrets_of, monkeypatch):
    """In how much is changed, and in how much is looked at to find it."""
    events = [make("red", *(["common"] if number else [])) for number in range(12)]
    before = secrets_of(events[0])
    monkeypatch.setattr(module, "MAX_EVENTS", 11)
    answer = client.post("/events/rotate-secret?tags=red")
    assert (answer.status_code, answer.json["fields"].keys()) == (400, {"tags"})
    assert "12" in answer.json["error"]
    monkeypatch.setattr(indexes, "LOOK_LIMIT", 4)
    monkeypatch.setattr(indexes, "_LEAST", 2)
    monkeypatch.setattr(indexes, "CHUNK", 2)
    monkeypatch.setattr(module, "MAX_EVENTS", 1)
    monkeypatch.setattr(module, "MAX_PARTS", 2)
    rare = "/events/rotate-secret?tags=red AND NOT common"
    answer = client.post(rare)
    assert (answer.status_code, answer.json["fields"].keys()) == (400, {"tags"})
    assert secrets_of(events[0]) == before
    monkeypatch.setattr(module, "MAX_PARTS", 20)
    assert client.post(rare).json["count"] == 1
    assert secrets_of(events[0]) != before


def test_who_may(client_with, make, secrets_of):
    """All of an event's tags must be in scope; one that is not keeps the others from changing."""
    red, both, blue = make("red"), make("red", "blue"), make("blue")
    tenant = client_with("write", "red")
    assert tenant.post(f"/events/{red}/rotate-secret").status_code == 200
    assert tenant.post(f"/events/{both}/rotate-secret").status_code == 403
    assert tenant.post(f"/events/{blue}/rotate-secret").status_code == 404
    before = secrets_of(red)
    assert tenant.post("/events/rotate-secret?tags=red").status_code == 403
    assert secrets_of(red) == before
    assert tenant.post("/events/rotate-secret?tags=blue").status_code == 403
    reader = client_with("read", "red")
    assert reader.post(f"/events/{red}/rotate-secret").status_code == 403
    assert reader.post("/events/rotate-secret?tags=red").status_code == 403
