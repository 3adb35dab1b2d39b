"""Flows and targets: limits, what waits for them, and how targets fare."""

from __future__ import annotations

import pytest

from app.domain.outcome import Outcome, Timings
from tests.api.application import MASTER_TOKEN
from tests.console.conftest import Page


@pytest.fixture
def flow(client, an_event) -> str:
    event = {**an_event, "tags": ["a"], "flow": {"key": "slow", "rate": "2/s", "concurrency": 3}}
    assert client.post("/events", json=event).status_code == 201
    return "slow"


def test_flows_and_their_limits_are_listed(flow, browser):
    page = browser.get("/console/flows")
    assert "slow 2/s, 3 at once" in Page(page.text).text
    assert "/console/flows/slow" in Page(page.text).links


def test_limits_are_set_and_what_is_empty_is_no_limit(flow, browser, client):
    browser.get("/console/flows/slow")
    answer = browser.post("/console/flows/slow", rate="10/m", burst="4", concurrency="")
    assert answer.status_code == 303
    found = client.get("/flows/slow").json
    assert (found["rate"], found["burst"], found["concurrency"]) == ("10/m", 4, None)
    assert client.get("/audit?action=flow.put").json[0]["before"]["rate"] == "2/s"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rate": "fast"}, "rate"),
        ({"burst": "2"}, "goes with a rate only"),
        ({"rate": "1/s", "concurrency": "-1"}, "must be a whole number"),
        ({"order": "random"}, "order"),
    ],
)
def test_a_wrong_limit_changes_nothing(flow, browser, client, fields, words):
    browser.get("/console/flows/slow")
    page = browser.post("/console/flows/slow", **fields)
    assert page.status_code == 400
    assert words in Page(page.text).text
    assert client.get("/flows/slow").json["rate"] == "2/s"


def test_one_is_paused_and_resumed(flow, browser, client):
    browser.get("/console/flows/slow")
    assert browser.post("/console/flows/slow/pause").status_code == 303
    assert client.get("/flows/slow").json["paused"]
    assert "Resume" in browser.get("/console/flows/slow").text
    assert browser.post("/console/flows/slow/resume").status_code == 303
    assert not client.get("/flows/slow").json["paused"]
    assert browser.post("/console/flows/slow/dance").status_code == 404


def test_an_old_page_makes_no_flow_anew(browser, client):
    browser.get("/console/flows")
    assert browser.post("/console/flows/gone", rate="1/s").status_code == 404
    assert client.get("/flows").json == []


def test_an_admin_changes_the_flow_of_a_tenant_and_no_tenant_that_of_another(
    flow, browser, browser_with, client, client_with, an_event
):
    event = {**an_event, "tags": ["b"], "flow": {"key": "theirs", "rate": "1/s"}}
    assert client_with("read_write", "b").post("/events", json=event).status_code == 201
    (link,) = [one for one in Page(browser.get("/console/flows").text).links if "theirs" in one]
    assert browser.get(link).status_code == 200
    assert browser.post(link, rate="9/s").status_code == 303
    assert client_with("read", "b").get("/flows/theirs").json["rate"] == "9/s"
    stranger = browser_with("read_write", "c")
    assert "theirs" not in stranger.get("/console/flows").text
    assert stranger.get(link).status_code == 404
    assert stranger.post(link, rate="5/s").status_code == 404


def test_targets_say_how_they_fare_and_whose_breaker_is_open(
    client, clock, attempt, an_event, services, sign_in, browser_with
):
    for number in range(2):
        client.post("/events", json={**an_event, "name": str(number), "tags": ["a"]})
    clock.advance(33 * 3_600_000)
    now_us = clock.now_us()
    attempt(Outcome(Timings(now_us, now_us, now_us + 40_000, now_us + 30_000), status_code=200))
    services.storage.breakers.open(
        "https://example.com", clock.now_ms(), first_ms=9_000, longest_ms=9_000, forget_ms=1
    )
    text = Page(sign_in(MASTER_TOKEN).get("/console/flows").text).text
    assert "example.com open open , tried again in 9 s 100 % 2 0 0 0" in text
    assert "example.com" not in browser_with("read", "b").get("/console/flows").text
