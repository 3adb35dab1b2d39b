"""Audit: what was changed by whom, found by object, action and actor."""

from __future__ import annotations

import pytest

from app.console.pages.audit import ACTIONS, LIMIT
from app.services.audit import AuditQuery
from tests.console.conftest import Page


@pytest.fixture
def changed(client, an_event) -> str:
    event = client.post("/events", json={**an_event, "tags": ["a"]}).json["id"]
    client.patch(f"/events/{event}", json={"name": "renamed"})
    return str(event)


def test_it_says_what_a_change_has_changed_and_that_the_chain_holds(changed, browser):
    page = browser.get("/console/audit")
    text = Page(page.text).text
    assert "master token event.update renamed" in text
    assert "name invoice run renamed" in text
    assert "The chain of these 2 holds." in text
    assert f"/console/events/{changed}" in Page(page.text).links


def test_a_broken_chain_is_told(changed, browser, services, monkeypatch):
    texts, _ = services.audit.page.__func__(services.audit, AuditQuery())
    forged = [texts[0].replace("renamed", "nothing at all"), *texts[1:]]
    monkeypatch.setattr(type(services.audit), "page", lambda *_: (forged, None))
    text = Page(browser.get("/console/audit").text).text
    assert "Entry 2 was changed after it was written." in text
    assert "holds" not in text


def test_entries_are_found(changed, browser):
    for query, count in (
        (f"object={changed}", 2),
        ("action=event.update", 1),
        ("actor=master+token", 2),
        ("actor=nobody", 0),
    ):
        page = browser.get(f"/console/audit?{query}")
        assert page.text.count('<time datetime="') == count, query
    assert "No entry fits" in page.text


def test_pages_lead_to_older_entries(browser, client, an_event):
    for number in range(LIMIT + 1):
        client.post("/events", json={**an_event, "name": f"event {number}"})
    first = browser.get("/console/audit?action=event.create")
    (older,) = [one for one in Page(first.text).links if "cursor=" in one]
    assert "action=event.create" in older
    assert browser.get(older).text.count('<time datetime="') == 1
    assert browser.get("/console/audit?cursor=wrong").status_code == 400


def test_all_of_it_can_be_exported(changed, browser):
    answer = browser.client.get("/console/audit/export")
    assert answer.mimetype == "application/x-ndjson"
    assert len(answer.text.splitlines()) == 2


def test_an_empty_log_says_what_will_be_in_it(browser):
    assert "Nothing has been changed yet" in browser.get("/console/audit").text


def test_it_is_for_admins(browser_with):
    browser = browser_with("read", "a")
    for path in ("/console/audit", "/console/audit/export"):
        assert browser.get(path).status_code == 403


def test_what_is_offered_to_be_found_is_recorded_so(app):
    recorded = {vars(view).get("audited") for view in app.view_functions.values()}
    for name in set(ACTIONS) - {"event.import"}:  # which several views are, at times
        assert name in recorded, name
