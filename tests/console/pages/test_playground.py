"""Playground: what is typed is explained, and nothing is stored."""

from __future__ import annotations

import pytest

from app.console.pages.playground import TRIES
from tests.console.conftest import Page


@pytest.mark.parametrize(("kind", "value"), TRIES)
def test_what_one_may_try_is_explained_with_its_next_times(browser, kind, value):
    page = browser.client.get("/console/playground", query_string={"kind": kind, "value": value})
    assert page.status_code == 200
    assert page.text.count("data-local") == 10, Page(page.text).text
    assert 'role="alert"' not in page.text


def test_what_is_wrong_is_told(browser):
    page = browser.client.get("/console/playground?kind=cron&value=61+*+*+*+*")
    assert "minute" in Page(page.text).text
    assert 'role="alert"' in page.text


def test_it_leads_to_an_event_of_it(browser, client):
    page = browser.get("/console/playground?kind=cron&value=0+9+*+*+*&timezone=Europe/Berlin")
    (link,) = [one for one in Page(page.text).links if one.startswith("/console/new?")]
    form = browser.get(link).text
    assert 'value="0 9 * * *"' in form
    assert 'value="Europe/Berlin"' in form
    assert client.get("/events").json == []


def test_whoever_may_only_read_can_play(browser_with):
    browser = browser_with("read", "a")
    page = browser.get("/console/playground?kind=every&value=5m")
    assert "Make an event of it" not in page.text
    assert page.text.count("data-local") == 10
