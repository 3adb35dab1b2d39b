"""One act on all events that a filter means: counted first, begun once, undone while it waits."""

from __future__ import annotations

import re

import pytest

from app.services.deletions import UNDO_MS
from tests.console.conftest import Page


@pytest.fixture
def many(client, an_event):
    """Three of a tag, and one of another."""
    for number, tag in enumerate("aaab"):
        client.post("/events", json={**an_event, "name": f"one {number}", "tags": [tag]})


def statuses(client):
    return sorted((one["tags"][0], one["status"]) for one in client.get("/events").json)


def test_the_list_leads_to_what_it_means(browser, many):
    page = browser.get("/console/events?q=tag:a&status=active")
    (link,) = [one for one in Page(page.text).links if "/bulk?" in one]
    assert link == "/console/bulk?of=1&tag=a&status=active"
    text = Page(browser.get(link).text).text
    assert "All events that are active with the tag a" in text
    page = browser.get("/console/events?q=one")
    assert "/console/bulk?of=1&amp;name_prefix=one" in page.text


def test_it_counts_and_names_some_before_anything_is_done(browser, client, many):
    page = browser.get("/console/bulk?of=1&tag=a&act=pause&note=move")
    assert "Pause 3 events?" in Page(page.text).text
    assert "one 2" in Page(page.text).text
    assert {status for _, status in statuses(client)} == {"active"}


def test_what_was_counted_is_done_and_watched(browser, client, services, many):
    browser.get("/console/events")
    answer = browser.post(
        "/console/bulk", of=1, tag="a", act="pause", note="move", tags="", until=""
    )
    services.bulk.continue_waiting()
    text = Page(browser.get(answer.location).text).text
    assert "Pause 3 events It is completed." in text
    assert statuses(client) == [("a", "paused")] * 3 + [("b", "active")]
    assert client.get("/events?tags=a").json[0]["pause"]["note"] == "move"
    assert "completed" in Page(browser.get("/console/bulk").text).text
    assert client.get("/audit?action=event.bulk").json[-1]["after"]["total"] == 3


def test_a_delete_waits_and_can_be_undone(browser, client, services, clock, many):
    browser.get("/console/events")
    for undo in (True, False):
        path = browser.post("/console/bulk", of=1, act="delete").location
        services.bulk.continue_waiting()
        assert "Nothing is changed yet." in Page(browser.get(path).text).text
        if undo:
            assert browser.post(f"{path}/cancel").location == path
            assert "nothing has changed" in Page(browser.get(path).text).text
        clock.advance(UNDO_MS)
        services.bulk.continue_waiting()
        assert len(client.get("/events").json) == (4 if undo else 0)
    assert browser.post(f"{path}/cancel").status_code == 409


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"act": "retag", "tags": ""}, "add_tags: is required"),
        ({"act": "pause", "until": "soon"}, "until: "),
        ({"act": "dance"}, "action: must be one of"),
        ({"act": "pause", "status": "inactive"}, "must be active"),
    ],
)
def test_what_can_not_be_is_said_and_what_was_typed_is_kept(browser, many, given, said):
    browser.get("/console/events")
    for page in (
        browser.client.get("/console/bulk", query_string={"of": 1, **given}),
        browser.post("/console/bulk", of=1, **given),
    ):
        assert said in Page(page.text).text
        for name in ("tags", "until"):
            if given.get(name):
                assert re.search(rf'name="{name}" value="{given[name]}"', page.text)


def test_nobody_reaches_beyond_a_scope_or_sees_others_jobs(browser, browser_with, client, many):
    browser.get("/console/events")
    job = browser.post("/console/bulk", of=1, act="pause").location
    somebody = browser_with("read_write", "b")
    page = somebody.get("/console/bulk?of=1&act=pause")
    assert "Pause 1 event?" in Page(page.text).text
    assert somebody.get(job).status_code == 404
    assert browser_with("read", "b").post("/console/bulk", of=1, act="pause").status_code == 403
