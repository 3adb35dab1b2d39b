"""The first page: one sentence of state, figures, what fails, what comes next."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from app.domain.outcome import Outcome, Timings
from tests.console.conftest import Page


def test_an_empty_service_says_how_to_begin(browser):
    text = Page(browser.get("/console/").text).text
    assert "Nothing is planned" in text
    assert "Make the first event" in text
    assert "No delivery worker is alive" in text


@pytest.fixture
def busy(client, clock, attempt, an_event) -> None:
    """One was delivered, one has failed, one is planned; each has a tag of its own."""
    for name in ("delivered", "broken"):
        client.post(
            "/events", json={**an_event, "name": name, "tags": [name], "retry": {"attempts": 1}}
        )
        clock.advance(33 * 3_600_000)
        times = Timings(clock.now_us(), clock.now_us() + 7_000, clock.now_us() + 9_000)
        clock.advance(7)
        attempt(
            Outcome(times, status_code=200)
            if name == "delivered"
            else Outcome(times, error="refused", error_message="nobody listens there")
        )
        clock.advance(-33 * 3_600_000)
    client.post("/events", json={**an_event, "name": "planned", "tags": ["planned"]})
    clock.advance(33 * 3_600_000 - 60_000)


def test_figures_say_what_happened_and_of_how_many(busy, browser, clock):
    clock.advance(120_000)
    text = Page(browser.get("/console/").text).text
    assert "50 %" in text
    assert "1 completed, 1 failed" in text
    assert "of the last 1 first attempts" in text
    assert "nobody listens there" in text


def test_what_comes_next_is_named(busy, browser):
    assert "planned" in Page(browser.get("/console/").text).text.partition("What comes next")[2]


def test_whoever_has_a_scope_sees_figures_of_that_alone(busy, browser_with, clock):
    clock.advance(120_000)
    text = Page(browser_with("read", "broken").get("/console/").text).text
    assert "0 completed, 1 failed" in text
    assert "Nothing is planned" in text


def test_an_empty_instance_says_what_to_do_first(browser, browser_with, client, an_event):
    text = Page(browser.get("/console/").text).text
    assert "The first five minutes" in text
    assert "/console/playground" in Page(browser.get("/console/").text).links
    client.post("/events", json=an_event)
    assert "The first five minutes" in browser_with("read", "a").get("/console/").text


def test_one_with_events_does_not(browser, client, an_event):
    client.post("/events", json=an_event)
    assert "The first five minutes" not in browser.get("/console/").text


def test_what_is_late_is_named_with_what_it_waits_for(browser, client, clock):
    body = {"webhook": "https://example.com/", "delay": "1s"}
    for given in ({"name": "held up", "flow": {"key": "narrow"}}, {"name": "other"}):
        assert client.post("/events", json={**body, **given}).status_code == 201
        clock.advance(1_000)
    clock.advance(60_000)
    text = Page(browser.get("/console/").text).text.replace(" ,", ",")
    assert "held up is late: it was due 1 min ago, and 1 more is late, too." in text
    assert "It waits until its flow has room." in text
    assert "Nothing is planned" in text


def test_objectives_say_what_is_left_of_their_budget(
    browser, browser_with, client, services, clock
):
    assert "Lateness objectives" not in Page(browser.get("/console/").text).text
    for tag in ("red", "<b>"):
        client.put(f"/slos/{quote(tag)}", json={"lateness": "1s", "objective": 0.999})
    field = f"{clock.now_ms() // 60_000}\tred\tt\t"
    counted = {f"{field}2aacompleted": 99_999, f"{field}2tacompleted": 1}
    services.storage.client.hset("qh:{0}:stats", mapping=counted)
    services.figures.roll_ups.add()
    clock.advance(10_000)
    text = Page(browser.get("/console/").text).text.partition("Lateness objectives")[2]
    for words in ("within 1s", "99.9 %", "99.999 %", "99 %", "<b>"):
        assert words in text
    assert "it burns" not in text
    assert "Lateness objectives" not in browser_with("read", "blue").get("/console/").text
