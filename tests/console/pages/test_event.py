"""One event: its page says what it does and did, and its buttons do what they say.

These are the acts of ``app.console.acts``.
"""

from __future__ import annotations

import pytest

from tests.console.conftest import Page

SERIES = {
    "name": "report",
    "webhook": "https://example.com/hook",
    "start_time": "2026-01-02T09:00:00Z",
    "timezone": "Europe/Berlin",
    "schedule": {"every": "1h"},
    "tags": ["a"],
}


def test_it_says_what_the_schedule_means_and_what_comes_next(browser, client):
    event = client.post("/events", json=SERIES).json
    text = Page(browser.get(f"/console/events/{event['id']}").text).text
    assert "every 1h" in text
    assert "Fri 2 Jan 2026, 10:00" in text  # nine o'clock UTC, in its zone
    assert "https://example.com/hook" in text


def test_what_happened_to_it_is_told_with_who_did_it_and_what_changed(browser, client):
    event = client.post("/events", json=SERIES).json
    client.patch(f"/events/{event['id']}", json={"name": "other"})
    text = Page(browser.get(f"/console/events/{event['id']}").text).text
    assert "event.update by master token" in text
    assert "name report other" in text


def test_the_history_is_for_who_may_read_the_audit_log(browser_with, client):
    event = client.post("/events", json=SERIES).json
    page = browser_with("read", "a").get(f"/console/events/{event['id']}")
    assert page.status_code == 200
    assert "event.create" not in page.text


def test_buttons_trigger_pause_and_resume(browser, client):
    event = client.post("/events", json=SERIES).json
    path = f"/console/events/{event['id']}"
    assert browser.post(f"{path}/trigger").location == path
    assert len(client.get(f"/events/{event['id']}/occurrences").json) == 2
    browser.post(f"{path}/pause", note="moving house")
    assert client.get(f"/events/{event['id']}").json["pause"]["note"] == "moving house"
    assert "moving house" in browser.get(path).text
    browser.post(f"{path}/resume")
    assert client.get(f"/events/{event['id']}").json["status"] == "active"
    acts = [one["action"] for one in client.get(f"/audit?object={event['id']}").json]
    assert acts == ["event.resume", "event.pause", "event.trigger", "event.create"]


def test_a_deleted_event_is_kept_for_a_while_in_which_that_can_be_undone(browser, client):
    event = client.post("/events", json=SERIES).json
    path = f"/console/events/{event['id']}"
    assert browser.post(f"{path}/delete").location == path
    pause = client.get(f"/events/{event['id']}").json["pause"]
    assert (pause["then"], pause["note"]) == ("delete", None)
    page = browser.get(path)
    assert "This event is deleted" in Page(page.text).text
    assert "Trigger" not in page.text
    assert "deleted" in Page(browser.get("/console/events").text).text
    assert browser.post(f"{path}/undelete").location == path
    restored = client.get(f"/events/{event['id']}").json
    same = ("updated_at",)
    assert {**restored, **dict.fromkeys(same)} == {**event, **dict.fromkeys(same)} | (
        {"pause": None} if "pause" in restored else {}
    )
    assert browser.post(f"{path}/undelete").status_code == 409


def test_what_the_api_would_refuse_is_told_on_the_page(browser, client):
    event = client.post("/events", json=SERIES).json
    answer = browser.post(f"/console/events/{event['id']}/resume")
    assert answer.status_code == 409
    assert "The event is not paused." in Page(answer.text).text


@pytest.mark.parametrize("note", ["x" * 501, "\0"])
def test_a_note_is_what_the_api_takes(browser, client, note):
    event = client.post("/events", json=SERIES).json
    assert browser.post(f"/console/events/{event['id']}/pause", note=note).status_code == 400
    assert client.get(f"/events/{event['id']}").json["status"] == "active"


def test_secrets_of_headers_are_not_shown(browser, client):
    event = client.post("/events", json={**SERIES, "headers": {"X-Key": "hunter2"}}).json
    assert "hunter2" not in browser.get(f"/console/events/{event['id']}").text


def test_occurrences_are_paged_to_the_oldest(browser, client, clock):
    event = client.post("/events", json=SERIES).json
    for _ in range(30):
        clock.advance(1_000)
        client.post(f"/events/{event['id']}/trigger")
    first = Page(browser.get(f"/console/events/{event['id']}").text)
    (older,) = [link for link in first.links if "cursor=" in link]
    second = Page(browser.get(older).text)
    shown = {one for one in [*first.links, *second.links] if "/occurrences/" in one}
    assert len(shown) == 31


def test_an_old_link_says_what_the_event_was_called_and_shows_what_is_left(
    client, an_event, browser, browser_with
):
    event = client.post("/events", json={**an_event, "tags": ["a"]}).json
    client.post(f"/events/{event['id']}/trigger")
    client.delete(f"/events/{event['id']}")
    page = browser.get(f"/console/events/{event['id']}")
    assert page.status_code == 404
    text = Page(page.text).text
    assert "invoice run is gone" in text
    assert "What is left of it" in text
    assert "event.delete by master token" in text
    other = Page(browser_with("read", "b").get(f"/console/events/{event['id']}").text).text
    assert "There is no such event" in other
    assert "invoice" not in other


def test_it_is_paused_until_a_moment(client, an_event, browser):
    event = client.post("/events", json=an_event).json["id"]
    browser.get(f"/console/events/{event}")
    until = "2030-01-01T00:00:00Z"
    answer = browser.post(f"/console/events/{event}/pause", note="holiday", until=until)
    assert answer.status_code == 303
    found = client.get(f"/events/{event}").json
    assert found["pause"] == {"until": until, "note": "holiday"}
    client.post(f"/events/{event}/resume")
    assert browser.post(f"/console/events/{event}/pause", until="soon").status_code == 400
