"""Creating and changing an event by a form, and what it says while somebody types."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.console.conftest import Page

FORM: dict[str, Any] = {
    "name": "standup",
    "webhook": "https://example.com/hook",
    "tags": "team, daily",
    "kind": "cron",
    "value": "30 9 * * 1-5",
    "timezone": "Europe/Berlin",
}


def test_an_event_is_made_as_the_form_says(browser, client):
    answer = browser.post("/console/new", **FORM)
    assert answer.status_code == 303, answer.text
    event = client.get(f"/events/{answer.location.rpartition('/')[2]}").json
    assert event["schedule"] == {"cron": "30 9 * * 1-5"}
    assert (event["timezone"], event["tags"]) == ("Europe/Berlin", ["team", "daily"])
    entry = client.get("/audit").json[0]
    assert (entry["action"], entry["object"]) == ("event.create", event["id"])


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"webhook": "nonsense"}, "webhook", "must begin with http"),
        ({"value": "61 9 * * *"}, "schedule", "61"),
        ({"timezone": "Mars/Base"}, "timezone", "IANA"),
        ({"metadata": "{"}, "metadata", "JSON"),
        ({"name": ""}, "name", "characters"),
        ({"jitter": "often"}, "jitter", "duration"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(
    browser, client, wrong, field, sentence
):
    answer = browser.post("/console/new", **{**FORM, **wrong})
    assert answer.status_code == 400
    assert f'id="wrong-{field}"' in answer.text
    text = Page(answer.text).text
    assert sentence in text, text
    assert 'value="team, daily"' in answer.text
    assert client.get("/events").json == []


def test_a_change_changes_what_was_typed_anew_and_nothing_else(browser, client):
    body = {
        "name": "n",
        "webhook": "https://example.com/",
        "start_time": "2026-01-02T09:00:00Z",
        "schedule": {"every": "1h"},
        "headers": {"X-Key": "secret"},
        "flow": {"key": "f", "concurrency": 2},
        "misfire": {"policy": "skip"},
    }
    event = client.post("/events", json=body).json
    form = browser.get(f"/console/events/{event['id']}/edit").text
    assert "secret" not in form
    answer = browser.post(
        f"/console/events/{event['id']}/edit",
        name="n",
        webhook="https://example.com/",
        start_time="2026-01-02T09:00:00Z",
        kind="every",
        value="2h",
        retry="",
        version="1",
    )
    assert answer.status_code == 303, Page(answer.text).text
    after = client.get(f"/events/{event['id']}").json
    changed = {name for name in after if after[name] != event.get(name)}
    assert changed <= {"schedule", "updated_at", "next_occurrence_at", "notices"}
    assert after["schedule"] == {"every": "2h"}


def test_a_change_of_what_somebody_else_has_changed_is_refused(browser, client, an_event):
    event = client.post("/events", json=an_event).json
    client.patch(f"/events/{event['id']}", json={"name": "theirs"})
    answer = browser.post(
        f"/console/events/{event['id']}/edit",
        name="mine",
        webhook=an_event["webhook"],
        kind="once",
        start_time=an_event["start_time"],
        version="1",
    )
    assert answer.status_code == 409
    assert 'value="mine"' in answer.text
    assert client.get(f"/events/{event['id']}").json["name"] == "theirs"


@pytest.mark.parametrize("version", ["9" * 5_000, "\u00b2", "-1", "1.0", "one"])
def test_a_version_that_is_none_is_refused(browser, client, an_event, version):
    event = client.post("/events", json=an_event).json
    given = {"name": "mine", "webhook": an_event["webhook"], "kind": "once"}
    answer = browser.post(f"/console/events/{event['id']}/edit", **given, version=version)
    assert answer.status_code == 400
    assert client.get(f"/events/{event['id']}").json["name"] == event["name"]


def test_the_preview_explains_and_counts_and_stores_nothing(browser, client):
    answer = browser.post("/console/preview", **FORM)
    text = Page(answer.text).text
    assert text.startswith("At 09:30 on Monday through Friday")
    assert "Fri 2 Jan 2026, 09:30" in text
    assert answer.text.count("data-local") == 10
    assert client.get("/events").json == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"kind": "delay", "value": "30m"}, "Once"),
        ({"kind": "once", "start_time": "2026-01-05T10:00:00"}, "Mon 5 Jan 2026, 10:00"),
        ({"kind": "every", "value": "often"}, "must be a duration"),
        ({"kind": "json", "value": "{"}, "JSON"),
    ],
)
def test_the_preview_says_what_it_understands_or_not(browser, given, sentence):
    answer = browser.post("/console/preview", **{**FORM, **given})
    assert answer.status_code == 200
    assert sentence.lower() in Page(answer.text).text.lower()


def test_words_are_understood_shown_and_kept_as_a_schedule(browser, client):
    words = {"kind": "words", "value": "every weekday at 9:30"}
    assert "Mon" in Page(browser.post("/console/preview", **{**FORM, **words}).text).text
    answer = browser.post("/console/new", **{**FORM, **words})
    assert answer.status_code == 303, Page(answer.text).text
    event = client.get(f"/events/{answer.location.rpartition('/')[2]}").json
    assert event["schedule"] is not None
    assert event["next_occurrence_at"] == "2026-01-01T08:30:00Z"
    assert event["timezone"] == "Europe/Berlin"


def test_words_that_are_not_understood_are_told_at_their_field(browser, client):
    words = {"kind": "words", "value": "whenever the moon is full"}
    answer = browser.post("/console/new", **{**FORM, **words})
    assert answer.status_code == 400
    assert 'id="wrong-text"' in answer.text
    assert client.get("/events").json == []


def test_the_preview_of_a_change_says_what_it_would_do(browser, client):
    event = client.post(
        "/events",
        json={
            "name": "n",
            "webhook": "https://example.com/",
            "start_time": "2026-01-02T09:00:00Z",
            "schedule": {"every": "1h"},
        },
    ).json
    form = {"kind": "every", "value": "2h", "start_time": "2026-01-02T09:00:00Z"}
    whole = {"name": "n", "webhook": "https://example.com/", **form}
    answer = browser.post("/console/preview", event_id=event["id"], **whole)
    assert "removes" in Page(answer.text).text


def test_a_duplicate_begins_with_what_the_other_has(browser, client, an_event):
    event = client.post("/events", json={**an_event, "tags": ["a"]}).json
    form = browser.get(f"/console/new?like={event['id']}").text
    assert 'value="invoice run"' in form
    assert "version" not in form.partition('<form method="post" class="stack"')[2][:400]


def test_an_action_is_edited_as_json_and_gives_way_to_a_webhook(browser, client, an_event):
    """Masked headers keep what is stored; with the JSON taken away, nothing of it stays."""
    params = {"method": "PUT", "url": "https://example.com/", "headers": {"X-A": "secret"}}
    body = {**an_event, "webhook": None, "action": {"type": "apicall", "params": params}}
    path = f"/console/events/{client.post('/events', json=body).json['id']}"
    form = browser.get(path + "/edit").text
    assert "apicall" in form
    assert "secret" not in form
    given = {"name": "n", "kind": "once", "start_time": an_event["start_time"]}
    masked = {"type": "apicall", "params": {**params, "headers": {"X-A": "***"}, "method": "POST"}}
    answer = browser.post(path + "/edit", **given, action=json.dumps(masked))
    assert answer.status_code == 303, Page(answer.text).text
    stored = client.get(path.removeprefix("/console")).json
    assert stored["action"] == masked
    answer = browser.post(path + "/edit", **given, webhook="https://example.com/2")
    assert answer.status_code == 303, Page(answer.text).text
    stored = client.get(path.removeprefix("/console")).json
    assert stored["action"] == {"type": "webhook", "params": {"url": "https://example.com/2"}}
