"""Every page: reachable by links, safe for browsers, honest about errors."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask

from app.console.room import POLICY
from app.domain.outcome import Outcome, Timings
from app.errors import StoreUnavailable
from tests.console.conftest import Browser, Page

HOUR_MS = 3_600_000
HOSTILE = "<script>alert(1)</script>\"'&{{7191*7191}}"
FAILED = Outcome(
    Timings(0, 10, 20),
    status_code=503,
    response_body=HOSTILE.encode(),
    error="status",
    error_message="the receiver answered 503",
)


@pytest.fixture
def stocked(client, clock, attempt) -> dict[str, str]:
    """A service with hostile texts wherever somebody may write one, and an occurrence that failed."""
    body = {
        "name": HOSTILE,
        "description": HOSTILE,
        "start_time": "2026-01-02T09:00:00Z",
        "webhook": "https://example.com/hook",
        "schedule": {"every": "1h"},
        "tags": ["tag-a", "b"],
        "metadata": {HOSTILE: HOSTILE},
        "retry": {"attempts": 1},
    }
    event = client.post("/events", json=body).json
    clock.advance(33 * HOUR_MS)
    attempt(FAILED)
    client.post(f"/events/{event['id']}/pause", json={"note": HOSTILE})
    client.post(f"/events/{event['id']}/resume")
    (last,) = [
        one
        for one in client.get(f"/events/{event['id']}/occurrences").json
        if one["status"] == "failed"
    ]
    return {"event": event["id"], "occurrence": last["id"]}


def test_the_first_page_is_at_the_root(anonymous_client):
    answer = anonymous_client.get("/")
    assert (answer.status_code, answer.location) == (303, "/console/")


@pytest.fixture
def anonymous_client(app: Flask):
    return app.test_client()


def crawl(browser: Browser) -> dict[str, str]:
    """Every page that links lead to, from the first one."""
    found: dict[str, str] = {}
    waiting, seen = ["/console/"], {"/console/"}
    while waiting:
        path = waiting.pop()
        answer = browser.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        if answer.mimetype != "text/html":  # a file to keep
            continue
        assert answer.headers["Content-Security-Policy"] == POLICY
        found[path] = answer.text
        for link in Page(answer.text).links:
            target = urlsplit(urljoin(path, link))
            address = target.path + (f"?{target.query}" if target.query else "")
            is_one_of_many = "day=" in address or "year=" in address  # each has one before
            is_new = address not in seen and not is_one_of_many
            if is_new and target.path.startswith("/console") and not link.startswith("#"):
                seen.add(address)
                waiting.append(address)
    return found


def test_links_lead_to_every_page_and_none_is_broken_or_unsafe(stocked, browser):
    pages = crawl(browser)
    assert {
        "/console/",
        "/console/events",
        "/console/new",
        "/console/dead-letters",
        "/console/agenda",
        "/console/load",
        "/console/playground",
        "/console/flows",
        "/console/calendars",
        "/console/tokens",
        "/console/audit",
        "/console/workers",
        f"/console/events/{stocked['event']}",
        f"/console/events/{stocked['event']}/edit",
        f"/console/occurrences/{stocked['occurrence']}",
    } <= pages.keys()
    for path, text in pages.items():
        assert len(text.encode()) <= 60_000, path  # what it loads is less than 40,000
        assert Page(text).refused == [], path
        assert "<script>alert" not in text, path
        assert "51710481" not in text, path


def test_hostile_text_is_shown_as_it_is(stocked, browser):
    event = Page(browser.get(f"/console/events/{stocked['event']}").text).text
    assert event.count(HOSTILE) >= 3
    occurrence = Page(browser.get(f"/console/occurrences/{stocked['occurrence']}").text).text
    assert HOSTILE in occurrence


def test_what_is_not_there_is_a_page_with_a_way_back(browser):
    for path in (
        "/console/nothing",
        "/console/events/nothing",
        "/console/events/01a21688-423d-7de3-8000-8bf4a57c58f7",
        "/console/occurrences/01a21688-5c48-8000-8bac-4f64bbc53d75",
        "/console/events/nothing/edit",
    ):
        answer = browser.get(path)
        assert answer.status_code == 404, path
        assert answer.mimetype == "text/html"
        assert "/console/" in Page(answer.text).links
    assert browser.post("/console/events/nothing/dance").status_code == 404


def test_a_store_that_is_away_is_a_page_that_tries_again(browser, services, monkeypatch):
    def away(*_):
        raise StoreUnavailable

    monkeypatch.setattr(type(services.overview), "minutes", away)
    answer = browser.get("/console/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert 'http-equiv="refresh"' in answer.text


def test_an_error_of_ours_tells_nothing_of_itself(browser, services, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(type(services.overview), "minutes", broken)
    answer = browser.get("/console/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "unexpected error" in caplog.text


def test_files_are_served_and_may_be_kept(anonymous_client):
    for name, mimetype in (
        ("console.css", "text/css"),
        ("console.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ):
        path = f"/console/static/{name}"
        with anonymous_client.get(path) as answer:
            assert (answer.status_code, answer.mimetype) == (200, mimetype)
        known = {"If-None-Match": answer.headers["ETag"]}
        with anonymous_client.get(path, headers=known) as again:
            assert again.status_code == 304


def test_a_page_is_small(browser, client, an_event):
    """Fifty events with their last outcomes, in 100 kB with all that the page loads."""
    for number in range(50):
        client.post("/events", json={**an_event, "name": f"event {number}", "tags": ["some"]})
    size = 0
    for path in (
        "/console/events",
        "/console/static/console.css",
        "/console/static/console.js",
        "/console/static/icon.svg",
    ):
        with browser.client.get(path) as answer:
            size += len(answer.data)
    assert size <= 100_000


def test_a_page_says_what_it_lacks_while_a_shard_is_away(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.console.room.left_out", lambda: {1, 4})
    page = browser.get("/console/events")
    assert "A shard of the store is away: 2 of 1 partitions are missing" in page.text
