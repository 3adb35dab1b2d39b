"""``POST /events`` with an iCalendar file, on real services.

Tests ``app.api.http.icalendar_body``, too.
"""

from __future__ import annotations

import pytest

from app.errors import StoreUnavailable
from app.services.quotas import EventQuota
from tests.support.ical import a_file

ICS = {"Content-Type": "text/calendar"}
HOOK = "webhook=https://example.com/hook"
ONCE = "UID:1\nSUMMARY:once\nDTSTART:20260201T090000Z"
WEEKLY = "UID:2\nSUMMARY:weekly\nDTSTART;TZID=Europe/Berlin:20260105T090000\nRRULE:FREQ=WEEKLY\nEXDATE;TZID=Europe/Berlin:20260112T090000\nCATEGORIES:red"


def send(client, *events, query=HOOK):
    return client.post(f"/events?{query}", data=a_file(*events), headers=ICS)


def test_an_event_of_each_vevent(client):
    """In the file's order, as if each had been posted by itself."""
    answer = send(client, ONCE, WEEKLY, query=f"{HOOK}&tags=a,b")
    assert answer.status_code == 201
    once, weekly = answer.json
    assert (once["name"], once["tags"], once["schedule"]) == ("once", ["a", "b"], None)
    assert once["next_occurrence_at"] == "2026-02-01T09:00:00Z"
    assert weekly["tags"] == ["a", "b", "red"]
    assert weekly["timezone"] == "Europe/Berlin"
    assert weekly["next_occurrence_at"] == "2026-01-05T08:00:00Z"
    preview = client.get(f"/events/{weekly['id']}/preview?count=2").json
    assert [one["scheduled_at"] for one in preview] == [
        "2026-01-05T08:00:00Z",
        "2026-01-19T08:00:00Z",
    ]
    assert {one["id"] for one in client.get("/events").json} == {once["id"], weekly["id"]}


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ("UID:3\nSUMMARY:x", "DTSTART"),
        ("UID:3\nSUMMARY:x\nDTSTART:20260201T090000", "start_time"),
        ("UID:3\nSUMMARY:x\nDTSTART:20260201T090000Z\nRRULE:FREQ=DAILY;BYMONTH=13", "schedule.rrule"),
        ("UID:3\nSUMMARY:x\nDTSTART:20260230T090000Z", "DTSTART"),
        ("UID:3\nSUMMARY:x\nDTSTART:20260201T090000Z\nX-QHRONOS-WEBHOOK:ftp://example.com", "webhook"),
        ("UID:3\nSUMMARY:x\nDTSTART:20260201T090000Z\nX-QHRONOS-WEBHOOK:http://127.0.0.1/", "webhook"),
        ("UID:3\nSUMMARY:" + "x" * 256 + "\nDTSTART:20260201T090000Z", "name"),
        ("UID:3\nSUMMARY:x\nDTSTART:20260201T090000Z\nCATEGORIES:" + "x" * 65, "tags.0"),
        ("SUMMARY:\nDTSTART:20260201T090000Z", "name"),
    ],
)  # fmt: skip
def test_one_bad_vevent_and_none_is_created(client, bad, field):
    """The answer says which one and what."""
    answer = send(client, ONCE, bad)
    assert answer.status_code == 400
    assert list(answer.json["fields"]) == [f"VEVENT 2.{field}"]
    assert answer.json["error"].startswith("VEVENT 2")
    assert client.get("/events").json == []


def test_scope(client, client_with):
    """Every tag of every event must be in it, or none is created."""
    writer = client_with("read_write", "red")
    assert send(writer, WEEKLY, ONCE).status_code == 403
    assert send(client_with("read", "red"), WEEKLY).status_code == 403
    assert client.get("/events").json == []
    assert send(writer, WEEKLY, ONCE, query=f"{HOOK}&tags=red").status_code == 201


@pytest.mark.parametrize(
    ("events", "query", "status"),
    [
        ([ONCE], "", 400),
        ([ONCE], f"{HOOK}&webhooks=x", 400),
        ([ONCE], f"{HOOK}&{HOOK}", 400),
        ([ONCE], f"{HOOK}&timezone=nowhere", 400),
        ([ONCE] * 101, HOOK, 400),
        ([], HOOK, 400),
    ],
)
def test_what_is_refused_whole(client, events, query, status):
    answer = send(client, *events, query=query)
    assert answer.status_code == status
    assert answer.json["error"]
    assert client.get("/events").json == []


def test_a_file_that_is_too_large(client):
    answer = client.post("/events", data=b"x" * 1_048_577, headers=ICS)
    assert answer.status_code == 413


def test_the_zone_of_the_query(client):
    """Is that of times without one."""
    floating = "UID:3\nSUMMARY:x\nDTSTART:20260201T090000"
    (event,) = send(client, floating, query=f"{HOOK}&timezone=Asia/Tokyo").json
    assert event["start_time"] == "2026-02-01T00:00:00Z"


def test_when_the_store_goes_away_in_the_middle_none_is_created(client, monkeypatch):
    take, calls = EventQuota.take, []

    def failing(quota, event_id, access):
        calls.append(event_id)
        if len(calls) == 2:
            raise StoreUnavailable
        take(quota, event_id, access)

    monkeypatch.setattr(EventQuota, "take", failing)
    assert send(client, ONCE, WEEKLY).status_code == 503
    assert client.get("/events").json == []
