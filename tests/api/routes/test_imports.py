"""Imports in the background over HTTP: a file with many entries, and how far it has come.

Tests ``app.api.schemas.import_texts``, too.
"""

from __future__ import annotations

import pytest

from app.api.lazy_bodies import lazy_loader
from tests.support.ical import a_file

ICS = {"Content-Type": "text/calendar"}
HOOK = "webhook=https://example.com/hook"
MANY = [f"UID:{n}\nSUMMARY:no. {n}\nDTSTART:20260201T090000Z" for n in range(1_001)]


def send(client, *events, query=HOOK):
    return client.post(f"/events?{query}", data=a_file(*events), headers=ICS)


@pytest.fixture
def work(services):
    """Does what the upkeep worker does."""

    def run():
        load = lazy_loader(lambda: services)
        while services.import_jobs.continue_waiting(load):
            pass

    return run


def test_a_file_of_more_than_a_thousand_entries(client, work):
    answer = send(client, *MANY, query=f"{HOOK}&source=s")
    assert answer.status_code == 202
    job = answer.json
    assert answer.headers["Location"].endswith(f"/imports/{job['id']}")
    assert (job["status"], job["total"], job["done"]) == ("running", 1_001, 0)
    assert send(client, *MANY[:1], query=f"{HOOK}&source=s").status_code == 409
    work()
    done = client.get(f"/imports/{job['id']}").json
    assert (done["status"], done["made"], done["done"]) == ("completed", 1_001, 1_001)
    page = client.get(f"/imports/{job['id']}/entries?limit=2")
    assert [one["name"] for one in page.json] == ["no. 0", "no. 1"]
    assert page.headers["X-Total-Count"] == "1001"
    assert 'rel="next"' in page.headers["Link"]
    event = client.get(f"/events/{page.json[0]['id']}").json
    assert event["name"] == "no. 0"
    assert [one["id"] for one in client.get("/imports").json] == [job["id"]]
    again = send(client, *MANY[:1_000], query=f"{HOOK}&source=s")
    assert again.status_code == 200
    assert {one["outcome"] for one in again.json[:1_000]} == {"unchanged"}
    assert [one["outcome"] for one in again.json[1_000:]] == ["cancelled"]


def test_cancelling(client, work):
    job = send(client, *MANY).json
    assert client.post(f"/imports/{job['id']}/cancel").json["status"] == "cancelled"
    work()
    assert client.get("/events").json == []
    assert client.get("/audit?action=import.cancel").json[0]["object"] == job["id"]


def test_many_more_than_can_be(client):
    answer = send(client, *MANY * 10)
    assert answer.status_code == 400
    assert "10000" in answer.json["error"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/imports/nothing", 404),
        ("/imports/nothing/entries", 404),
        ("/imports?limit=0", 400),
        ("/imports?cursor=x", 400),
    ],
)
def test_what_is_refused(client, path, status):
    assert client.get(path).status_code == status


def test_wrong_filters_of_entries(client):
    job = send(client, *MANY).json
    for query in ("outcome=lost", "limit=1001", "cursor=x"):
        assert client.get(f"/imports/{job['id']}/entries?{query}").status_code == 400


def test_others_do_not_see_it(client, client_with):
    writer = client_with("read_write", "red", sub="zoe")
    job = send(writer, *MANY, query=f"{HOOK}&tags=red").json
    for path in ("", "/entries"):
        assert writer.get(f"/imports/{job['id']}{path}").status_code == 200
        other = client_with("read_write", "red", sub="yan")
        assert other.get(f"/imports/{job['id']}{path}").status_code == 404
    assert (
        client_with("read", "red", sub="zoe").post(f"/imports/{job['id']}/cancel").status_code
        == 403
    )


def test_a_file_can_be_sent_to_the_collection(client):
    """As to ``POST /events``: what became of each entry, or a sentence for what is no file."""
    file = a_file("UID:1\nSUMMARY:once\nDTSTART:20260201T090000Z")
    query = {"webhook": "https://example.com/hook"}
    made = client.post("/imports", query_string=query, data=file, content_type="text/calendar")
    assert made.status_code == 201
    assert [one["outcome"] for one in made.json] == ["made"]
    same = client.post("/events", query_string=query, data=file, content_type="text/calendar")
    assert same.json[0]["id"] == made.json[0]["id"]
    refused = client.post("/imports", json={})
    assert refused.status_code == 415
    assert "text/calendar" in refused.json["error"]
