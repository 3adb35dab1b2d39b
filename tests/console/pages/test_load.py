"""Load: what is planned, where it heaps, and what would spread it."""

from __future__ import annotations

from tests.console.conftest import Page

FIRST = "2026-01-01T09:00:00Z"


def test_it_names_the_heap_and_what_would_spread_it(client, an_event, browser, browser_with):
    for number in range(12):
        body = {**an_event, "name": f"nightly {number}", "schedule": {"every": "1d"}}
        client.post("/events", json={**body, "tags": ["a"], "start_time": FIRST})
    page = browser.get("/console/load")
    text = Page(page.text).text
    assert (
        "For the next 24 hours, 12 deliveries are planned; the heap is at 09:00 UTC, with 12"
        in text
    )
    assert "A jitter of 5m on 12 of these events would leave 2.4 in a minute." in text
    assert "example.com 12 12 at 09:00" in text
    assert "estimate" not in text
    assert "Nothing is planned" in browser_with("read", "b").get("/console/load").text


def test_it_says_that_it_is_an_estimate(client, an_event, browser, monkeypatch):
    monkeypatch.setattr("app.services.forecasts.MOST", 5)
    for number in range(12):
        body = {**an_event, "name": f"n{number}", "schedule": {"every": "1h"}, "start_time": FIRST}
        client.post("/events", json=body)
    text = Page(browser.get("/console/load").text).text
    assert "An estimate from 5 of 12 active events" in text
    assert "about" in text


def test_the_page_stays_small_however_much_there_is(client, an_event, browser):
    for number in range(12):
        body = {**an_event, "name": f"n{number}", "webhook": f"https://t{number}.example/"}
        client.post(
            "/events", json={**body, "schedule": {"every": f"{30 + number}s"}, "start_time": FIRST}
        )
    assert len(browser.get("/console/load").data) < 60_000
