"""``/calendar.ics`` and the tokens that may stand in its address."""

from __future__ import annotations

import gzip

import icalendar
import pytest

from tests.api.application import MASTER_TOKEN

FEED = {"type": "feed", "sub": "phone", "scope": ["red"], "expires_at": "2027-01-01T00:00:00Z"}


@pytest.fixture
def feed_token(client):
    answer = client.post("/tokens", json=FEED)
    assert answer.status_code == 200, answer.text
    assert {**answer.json, "token": ""} == {**FEED, "access": "read", "token": ""}
    return answer.json["token"]


def summaries(answer):
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/calendar; charset=utf-8"
    return {str(one["SUMMARY"]) for one in icalendar.Calendar.from_ical(answer.data).walk("VEVENT")}


@pytest.fixture
def events(client, an_event):
    for tag in ("red", "blue"):
        client.post("/events", json={**an_event, "name": f"the {tag} one", "tags": [tag]})


def test_with_a_header(client, client_with, events):
    """Any token that may read, within its scope."""
    assert summaries(client.get("/calendar.ics")) == {"the red one", "the blue one"}
    assert summaries(client.get("/calendar.ics?tags=blue")) == {"the blue one"}
    assert summaries(client.get("/calendar.ics?tags=blue,red&match=all")) == set()
    assert summaries(client_with("read", "red").get("/calendar.ics")) == {"the red one"}
    assert summaries(client_with("read", "red").get("/calendar.ics?tags=blue")) == set()
    assert client_with("write", "red").get("/calendar.ics").status_code == 403


def test_uids_are_stable_and_those_of_occurrences(client, events):
    first = icalendar.Calendar.from_ical(client.get("/calendar.ics").data)
    second = icalendar.Calendar.from_ical(client.get("/calendar.ics").data)
    uids = [str(one["UID"]) for one in first.walk("VEVENT")]
    assert uids == [str(one["UID"]) for one in second.walk("VEVENT")]
    found = client.get("/occurrences?status=scheduled").json["data"]
    assert {f"{one['id']}@qhronos" for one in found} == set(uids)


def test_with_a_feed_token_in_the_query(anonymous, feed_token, events):
    """Its scope narrows what is asked for."""
    assert summaries(anonymous.get(f"/calendar.ics?token={feed_token}")) == {"the red one"}
    answer = anonymous.get(f"/calendar.ics?token={feed_token}&tags=blue")
    assert summaries(answer) == set()
    assert anonymous.get(f"/calendar.ics?token={feed_token}&tag=x").status_code == 400


def test_a_feed_token_is_good_for_nothing_else(anonymous, feed_token, an_event):
    """Neither in a header nor in another address."""
    header = {"Authorization": f"Bearer {feed_token}"}
    for path in ("/events", "/occurrences?tags=red", "/calendars", "/calendar.ics", "/metrics"):
        assert anonymous.get(path, headers=header).status_code == 401, path
        glue = "&" if "?" in path else "?"
        if path != "/calendar.ics":
            answer = anonymous.get(f"{path}{glue}token={feed_token}")
            assert answer.status_code == 401, path
    assert anonymous.post("/events", json=an_event, headers=header).status_code == 401
    assert anonymous.post("/tokens", json=FEED, headers=header).status_code == 401


def test_no_other_token_is_good_in_the_query(anonymous, client_with):
    """Not even the master token: addresses are stored and shown in many places."""
    other = client_with("admin").environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    for token in (MASTER_TOKEN, other, "x", "", "%FF", "a.b.c"):
        assert anonymous.get(f"/calendar.ics?token={token}").status_code == 401
    assert anonymous.get("/calendar.ics").status_code == 401


def test_an_expired_one(anonymous, feed_token, clock):
    clock.advance(366 * 86_400_000)
    assert anonymous.get(f"/calendar.ics?token={feed_token}").status_code == 401


def test_two_tokens_are_none(anonymous, feed_token):
    address = f"/calendar.ics?token={feed_token}&token={feed_token}"
    assert anonymous.get(address).status_code == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"access": "write"}, "access"),
        ({"access": "admin"}, "access"),
        ({"scope": []}, "scope"),
        ({"type": "jwt"}, "access"),
        ({"type": "Feed"}, "type"),
    ],
)
def test_what_a_feed_token_can_not_be(client, changes, field):
    answer = client.post("/tokens", json={**FEED, **changes})
    assert answer.status_code == 400
    assert list(answer.json["fields"]) == [field]
    assert client.post("/tokens", json={**FEED, "access": "read"}).status_code == 200


def test_who_holds_the_file_gets_it_only_if_it_has_changed(client, client_with, events, clock):
    first = client.get("/calendar.ics")
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "Accept-Encoding"
    for given in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        answer = client.get("/calendar.ics", headers={"If-None-Match": given})
        assert (answer.status_code, answer.data) == (304, b""), given
        assert answer.headers["ETag"] == tag
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Vary"] == "Accept-Encoding"
    for given in ("", '"x"', tag.replace('"', ""), "nonsense"):
        answer = client.get("/calendar.ics", headers={"If-None-Match": given})
        assert (answer.status_code, answer.data) == (200, first.data), given
    held = {"If-None-Match": tag}
    assert client.get("/calendar.ics?tags=red", headers=held).status_code == 200
    assert client_with("read", "red").get("/calendar.ics", headers=held).status_code == 200
    clock.advance(60_000)
    assert client.get("/calendar.ics", headers=held).status_code == 304
    (event,) = client.get("/events?tags=red").json
    client.patch(f"/events/{event['id']}", json={"name": "another name"})
    answer = client.get("/calendar.ics", headers=held)
    assert answer.status_code == 200
    assert "another name" in summaries(answer)


def test_it_is_packed_for_who_can_unpack_it(client, an_event, events):
    """Unless it is so short that this is not worth it."""
    short = client.get("/calendar.ics", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in short.headers
    client.post("/events", json={**an_event, "schedule": {"frequency": "daily"}})
    plain = client.get("/calendar.ics")
    assert "Content-Encoding" not in plain.headers
    for accepted in ("gzip", "br, gzip;q=0.5", "*"):
        packed = client.get("/calendar.ics", headers={"Accept-Encoding": accepted})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == plain.data
        assert packed.headers["ETag"] == plain.headers["ETag"]
        assert packed.headers["Content-Length"] == str(len(packed.data))
    for accepted in ("", "br", "gzip;q=0", "identity"):
        answer = client.get("/calendar.ics", headers={"Accept-Encoding": accepted})
        assert answer.data == plain.data


def test_head_answers_what_get_would_without_the_file(anonymous, feed_token, events):
    address = f"/calendar.ics?token={feed_token}"
    whole, head = anonymous.get(address), anonymous.head(address)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("ETag", "Cache-Control", "Vary", "Content-Type", "Content-Length"):
        assert head.headers[name] == whole.headers[name]
    held = anonymous.head(address, headers={"If-None-Match": head.headers["ETag"]})
    assert held.status_code == 304
    assert anonymous.head("/calendar.ics").status_code == 401
