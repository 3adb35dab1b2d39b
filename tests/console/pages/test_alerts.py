"""Alerts in the console: made, changed, tested and deleted by forms, and no secret on a page."""

from __future__ import annotations

import pytest

from app.domain.access import MASTER
from tests.console.conftest import Page

SECRET_URL = "https://hooks.chat.example/services/sesame"


@pytest.fixture
def made(browser, client) -> str:
    """The page of an alert that was made by the form."""
    browser.get("/console/alerts")
    answer = browser.post(
        "/console/alerts",
        name="on <b>call</b>",
        type="slack",
        on=["failing", "lag"],
        url=SECRET_URL,
        to="left@over.example",
        per_hour="5",
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_one_is_made_and_listed(made, browser, client) -> None:
    (alert,) = client.get("/alerts").json
    assert (alert["on"], alert["to"], alert["per_hour"]) == (["failing", "lag"], [], 5)
    page = browser.get("/console/alerts")
    assert "an event begins to fail, deliveries are late" in Page(page.text).text
    assert f"/console/alerts/{alert['id']}" in Page(page.text).links
    for text in (page.text, browser.get(made).text):
        assert "sesame" not in text
        assert "<b>call" not in text
    assert client.get("/audit?action=alert.create").json[0]["object"] == alert["id"]


def test_a_change_keeps_what_is_not_shown(made, browser, client, services) -> None:
    browser.get(made)
    form = {"name": "other", "type": "slack", "on": ["lag"], "lag": "5m"}
    assert browser.post(made, **form, url="https://hooks.chat.example/***").status_code == 303
    assert browser.post(made, **form, url="").status_code == 303
    (view,) = services.alerts.list(MASTER)
    assert services.alerts.secrets.open(view.alert).url == SECRET_URL
    assert (view.alert.name, view.alert.lag_ms, view.alert.per_hour) == ("other", 300_000, 12)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"on": []}, "must be a list"),
        ({"url": "https://10.0.0.1/"}, "must not lead to a private"),
        ({"url": ""}, "is required"),
        ({"type": "mail", "to": "nobody"}, "must be an address"),
        ({"per_hour": "many"}, "must be a whole number"),
        ({"name": ""}, "must be 1 to 100 characters"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(browser, client, fields, words) -> None:
    browser.get("/console/alerts")
    given = {"name": "n", "type": "slack", "on": ["lag"], "url": SECRET_URL}
    page = browser.post("/console/alerts", **{**given, **fields})
    assert page.status_code == 400
    assert words in Page(page.text).text
    assert client.get("/alerts").json == []


def test_a_test_says_what_became_of_it(made, browser, services, monkeypatch) -> None:
    said = iter(["the receiver answered 404", None])
    monkeypatch.setattr("app.services.alert_sending.AlertSending.send", lambda *_: [next(said)])
    browser.get(made)
    page = Page(browser.post(f"{made}/test").text).text
    assert "The test did not arrive: the receiver answered 404." in page
    assert "The test has arrived." in Page(browser.post(f"{made}/test").text).text


def test_one_is_deleted(made, browser, client) -> None:
    browser.get(made)
    assert browser.post(f"{made}/delete").status_code == 303
    assert client.get("/alerts").json == []
    assert browser.get(made).status_code == 404


def test_a_tenant_sees_its_own_and_who_only_reads_has_no_form(made, browser_with) -> None:
    tenant = browser_with("read_write", "red")
    assert "There are no alerts." in Page(tenant.get("/console/alerts").text).text
    assert tenant.get(made).status_code == 404
    given = {"name": "n", "type": "slack", "on": ["failing"], "url": SECRET_URL}
    assert tenant.post("/console/alerts", **given).status_code == 409
    assert tenant.post("/console/alerts", **given, tags="red").status_code == 303
    assert "Make an alert" not in browser_with("read", "red").get("/console/alerts").text
