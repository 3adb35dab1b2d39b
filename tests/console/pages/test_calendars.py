"""Calendars: days on which nothing should happen, seen as a year, changed, read from a file."""

from __future__ import annotations

from io import BytesIO

import pytest

from tests.console.conftest import Page

FILE = b"""BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20260105
DTEND;VALUE=DATE:20260107
SUMMARY:Inventory
END:VEVENT
END:VCALENDAR
""".replace(b"\n", b"\r\n")


@pytest.fixture
def berlin(client) -> str:
    body = {"holidays": {"country": "DE", "subdivision": "BE"}, "dates": ["2026-12-24"]}
    client.put(
        "/calendars/berlin", json=body | {"ranges": [{"from": "2026-01-05", "to": "2026-01-06"}]}
    )
    return "berlin"


def test_calendars_are_listed_in_words(berlin, browser):
    page = browser.get("/console/calendars")
    assert "public holidays in" in Page(page.text).text
    assert "/console/calendars/berlin" in Page(page.text).links


def test_a_year_shows_its_days_and_why(berlin, browser):
    text = Page(browser.get("/console/calendars/berlin?year=2026").text).text
    assert "1 off: New Year's Day (berlin)" in text
    assert "24 off: calendar berlin" in text
    assert "/console/calendars/berlin?year=2027" in browser.get("/console/calendars/berlin").text
    for year in ("0", "99999", "no", "0001"):
        assert browser.get(f"/console/calendars/berlin?year={year}").status_code == 200


def test_one_is_made_by_the_form(browser, client):
    browser.get("/console/calendars")
    answer = browser.post(
        "/console/calendars",
        name="ours",
        country="DE",
        weekdays=["SA", "SU"],
        dates="2026-12-24\n2026-12-27..2026-12-30",
        rules='[{"rrule": "FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=4"}]',
    )
    assert answer.status_code == 303, Page(answer.text).text
    found = client.get("/calendars/ours").json
    assert found["weekdays"] == ["SA", "SU"]
    assert found["ranges"] == [{"from": "2026-12-27", "to": "2026-12-30"}]
    assert client.get("/audit?action=calendar.put").json[0]["object"] == "ours"


def test_one_is_made_of_a_file(browser, client):
    browser.get("/console/calendars")
    answer = browser.post("/console/calendars", name="file", file=(BytesIO(FILE), "days.ics"))
    assert answer.status_code == 303, Page(answer.text).text
    assert client.get("/calendars/file").json["ranges"] == [
        {"from": "2026-01-05", "to": "2026-01-06"}
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "No!"}, "must be 1 to 64 characters"),
        ({"dates": "soon"}, "dates"),
        ({"dates": "2026-01-02..soon"}, "ranges"),
        ({"country": "XX"}, "holidays"),
        ({"rules": "{"}, "rules"),
        ({"name": "berlin"}, "is that of another calendar"),
        ({"file": (BytesIO(b"nothing"), "days.ics")}, "file"),
    ],
)
def test_a_wrong_field_is_told_and_makes_nothing(berlin, browser, client, fields, words):
    browser.get("/console/calendars")
    page = browser.post("/console/calendars", **{"name": "new", **fields})
    assert page.status_code == 400
    assert words in Page(page.text).text
    assert [one["name"] for one in client.get("/calendars").json] == ["berlin"]


def test_a_file_that_is_too_large_is_refused(browser):
    browser.get("/console/calendars")
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = browser.client.post("/console/calendars", data=bytes(2_000_000), headers=form)
    assert answer.status_code == 413


def test_its_days_are_changed_and_what_was_there_stands_in_the_form(berlin, browser, client):
    page = browser.get("/console/calendars/berlin")
    assert "2026-01-05..2026-01-06" in page.text
    answer = browser.post("/console/calendars/berlin", dates="2026-02-01")
    assert answer.status_code == 303
    assert client.get("/calendars/berlin").json["dates"] == ["2026-02-01"]
    assert browser.post("/console/calendars/berlin", dates="x").status_code == 400
    assert browser.post("/console/calendars/gone", dates="2026-02-01").status_code == 404


def test_one_that_is_used_is_not_deleted(berlin, browser, client, an_event):
    event = {**an_event, "schedule": {"every": "1d"}, "calendars": ["berlin"]}
    made = client.post("/events", json=event).json["id"]
    browser.get("/console/calendars/berlin")
    refused = browser.post("/console/calendars/berlin/delete")
    assert refused.status_code == 409
    assert "1 events name this calendar" in Page(refused.text).text
    client.delete(f"/events/{made}")
    assert browser.post("/console/calendars/berlin/delete").status_code == 303
    assert client.get("/calendars").json == []


def test_whoever_is_no_admin_reads(berlin, browser_with):
    browser = browser_with("read_write", "a")
    page = browser.get("/console/calendars/berlin")
    assert page.status_code == 200
    assert "Save" not in page.text
    for path in ("/console/calendars", "/console/calendars/berlin"):
        assert browser.post(path, name="x", dates="2026-01-01").status_code == 403
    assert browser.post("/console/calendars/berlin/delete").status_code in (403, 409)
