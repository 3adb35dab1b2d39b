"""Agenda: months, weeks and days of what happened and what is planned."""

from __future__ import annotations

import pytest
from redis.connection import AbstractConnection as Connection

from app.domain.outcome import Outcome, Timings
from tests.api.application import MASTER_TOKEN
from tests.console.conftest import Page

OK = Outcome(Timings(0, 1, 2), status_code=200)


@pytest.fixture
def daily(client, an_event, clock, attempt) -> str:
    """A daily event that has occurred twice, and one of another tag."""
    event = {**an_event, "schedule": {"every": "1d"}, "tags": ["a"]}
    made = client.post("/events", json=event).json["id"]
    client.post("/events", json={**event, "name": "other", "tags": ["b"]})
    for _ in range(2):
        clock.advance(33 * 3_600_000)
        attempt(OK)
    return str(made)


def test_a_month_has_the_past_and_what_is_planned(daily, sign_in):
    page = sign_in(MASTER_TOKEN).get("/console/agenda?tags=a")
    text = Page(page.text).text
    assert "January 2026" in text
    assert text.count("09:00 invoice run") == 30  # the second to the last of January
    assert "other" not in text
    assert f"/console/events/{daily}" in Page(page.text).links
    assert page.text.count('aria-label="completed"') >= 2


def test_spans_lead_to_each_other_and_keep_the_tags(daily, sign_in):
    browser = sign_in(MASTER_TOKEN)
    for view in ("month", "week", "day"):
        page = browser.get(f"/console/agenda?view={view}&day=2026-01-05&tags=a")
        assert "invoice run" in page.text
        links = [one for one in Page(page.text).links if "agenda?" in one]
        assert links
        assert all("tags=a" in one for one in links)


def test_a_month_far_away_is_computed_or_empty(daily, sign_in):
    browser = sign_in(MASTER_TOKEN)
    assert "invoice run" in browser.get("/console/agenda?day=2026-02-15&tags=a").text
    for day in ("2020-01-01", "0001-01-01", "9999-12-31", "nonsense"):
        assert browser.get(f"/console/agenda?day={day}&view=week").status_code == 200


def test_nobody_sees_what_is_out_of_scope(daily, browser_with):
    text = browser_with("read", "b").get("/console/agenda?tags=a").text
    assert "invoice run" not in text
    assert "other" in browser_with("read", "b").get("/console/agenda").text


def test_what_does_not_fit_is_told(client, an_event, browser):
    event = {**an_event, "schedule": {"every": "1m"}, "start_time": "2026-01-01T09:00:00Z"}
    client.post("/events", json=event)
    text = Page(browser.get("/console/agenda").text).text
    assert "At most 2,000 occurrences of 500 events are shown" in text
    assert "some are missing" in text


def test_a_wrong_tag_is_told(browser):
    page = browser.get("/console/agenda?tags=" + "x" * 65)
    assert "must be 1 to 64 characters long" in Page(page.text).text


def test_a_full_day_is_a_small_page(client, an_event, browser):
    for number in range(210):
        body = {**an_event, "name": f"event {number}", "start_time": "2026-01-02T09:00:00Z"}
        client.post("/events", json=body)
    page = browser.get("/console/agenda?view=day&day=2026-01-02")
    assert len(page.data) <= 70_000
    assert "10 more" in Page(page.text).text


def test_a_page_takes_as_many_round_trips_for_many_events_as_for_few(
    client, an_event, browser, monkeypatch
):
    """Counted, because time says little on a busy machine."""
    sent = []
    send = Connection.send_packed_command
    monkeypatch.setattr(
        Connection,
        "send_packed_command",
        lambda self, *given, **more: sent.append(1) or send(self, *given, **more),
    )

    def round_trips(path):
        sent.clear()
        assert browser.get(path).status_code == 200
        return len(sent)

    paths = ("/console/agenda", "/console/events", "/console/audit")
    for number in range(30):
        client.post(
            "/events", json={**an_event, "name": f"n {number}", "schedule": {"every": "1d"}}
        )
        if number == 2:
            few = [round_trips(path) for path in paths]
    many = [round_trips(path) for path in paths]
    assert sum(many) <= sum(few) + 5  # (some are of threads that run beside)
    assert max(many) <= 60
