"""Events are found, and acted on, one by one and many at once."""

from __future__ import annotations

import re

import pytest

from app.services import event_lists
from app.services.events import EventService
from app.store import indexes
from tests.console.conftest import Page


@pytest.fixture
def some(client, an_event) -> list[str]:
    """Three events: a, then a and b, then none of these tags."""
    return [
        client.post("/events", json={**an_event, "name": name, "tags": tags}).json["id"]
        for name, tags in (("first", ["a"]), ("second", ["a", "b"]), ("third run", ["c"]))
    ]


def names_in(answer) -> set[str]:
    text = Page(answer.text).text
    return {name for name in ("first", "second", "third run") if name in text}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", {"first", "second", "third run"}),
        ("tag:a", {"first", "second"}),
        ("a", {"first", "second"}),
        ("a b", {"second"}),
        ("third run", {"third run"}),
        ("tag:nothing", set()),
        ("no such name", set()),
        ("%00", set()),
    ],
)
def test_words_are_a_tag_or_a_name(browser, some, words, found):
    answer = browser.get("/console/events?q=" + words.replace(" ", "+"))
    assert answer.status_code == 200
    assert names_in(answer) == found


def test_words_are_read_as_tags_are_anywhere_each_once_and_no_more_than_an_event_has(
    browser, client, some, monkeypatch
):
    asked = []
    listing = EventService.list
    monkeypatch.setattr(
        EventService,
        "list",
        lambda self, query, access: (asked.append(query), listing(self, query, access))[1],
    )
    assert names_in(browser.get("/console/events?q=" + "a+b+" * 1_000)) == {"second"}
    assert asked[-1].tags.tags == ("a", "b")
    many = "+".join(f"t{number}" for number in range(51))
    assert names_in(browser.get(f"/console/events?q=tag:{many}")) == set()
    assert len(asked) == 1


def test_a_tag_with_spaces_is_found_by_its_link(browser, client, an_event):
    client.post("/events", json={**an_event, "name": "first", "tags": ["late shift"]})
    client.post("/events", json={**an_event, "name": "second", "tags": ["late", "shift"]})
    (link,) = {
        one
        for one in Page(browser.get("/console/events").text).links
        if "late+shift" in one or "late%20shift" in one
    }
    assert names_in(browser.get(link)) == {"first"}
    assert names_in(browser.get("/console/events?q=shift+late")) == {"second"}


def test_an_id_finds_its_event(browser, some):
    assert names_in(browser.get(f"/console/events?q={some[1]}")) == {"second"}
    other = "01a21688-423d-7de3-8000-8bf4a57c58f7"
    assert names_in(browser.get(f"/console/events?q={other}")) == set()


def test_a_name_is_found_while_it_is_typed(browser, some):
    for words in ("t", "third", "third run"):
        typing = browser.client.get(f"/console/events?q={words}", headers={"X-Part": "1"})
        assert names_in(typing) == {"third run"}
    tag = browser.client.get("/console/events?q=tag:c", headers={"X-Part": "1"})
    assert names_in(tag) == {"third run"}


def test_where_nothing_was_found_yet_a_link_goes_on(browser, some, monkeypatch):
    monkeypatch.setattr(event_lists, "FEW", 0)
    for name, value in (("LOOK_LIMIT", 1), ("CHUNK", 5)):
        monkeypatch.setattr(indexes, name, value)
    link = "/console/events?q=first"
    for _ in range(2):
        page = Page(browser.get(link).text)
        assert "None of those that were looked at fits" in page.text
        (link,) = [one for one in page.links if "cursor=" in one]
    assert names_in(browser.get(link)) == {"first"}


def test_only_what_is_in_scope_is_found(browser_with, some):
    browser = browser_with("read", "b")
    assert names_in(browser.get("/console/events")) == {"second"}
    assert names_in(browser.get("/console/events?q=tag:a")) == {"second"}
    assert names_in(browser.get(f"/console/events?q={some[0]}")) == set()


def test_pages_lead_to_the_end(browser, client, an_event):
    for number in range(60):
        client.post("/events", json={**an_event, "name": f"event {number:02}"})
    first = Page(browser.get("/console/events?status=active").text)
    (older,) = [link for link in first.links if "cursor=" in link]
    assert "status=active" in older
    second = Page(browser.get(older).text)
    assert [link for link in second.links if "cursor=" in link] == []
    shown = [f"event {number:02}" in first.text + second.text for number in range(60)]
    assert all(shown)


def test_pages_of_a_name_lead_to_the_end(browser, client, an_event):
    for _ in range(60):
        client.post("/events", json={**an_event, "name": "one of many"})
    first = browser.get("/console/events?q=one+of+many")
    (older,) = [link for link in Page(first.text).links if "cursor" in link]
    assert browser.get(older).text.count('name="event"') == 10


def test_many_are_paused_and_resumed_and_each_has_its_entry(browser, client, some):
    answer = browser.post("/console/events", act="pause", event=some[:2])
    assert "2 of 2 done" in Page(answer.text).text
    states = [client.get(f"/events/{one}").json["status"] for one in some]
    assert states == ["paused", "paused", "active"]
    entries = client.get("/audit?action=event.pause").json
    assert {one["object"] for one in entries} == set(some[:2])
    browser.post("/console/events", act="resume", event=some[:2])
    assert [client.get(f"/events/{one}").json["status"] for one in some] == ["active"] * 3


def test_what_can_not_be_done_is_told_one_by_one(browser, client, some):
    client.post(f"/events/{some[0]}/pause")
    answer = browser.post("/console/events", act="resume", event=some[:2])
    text = Page(answer.text).text
    assert "1 of 2 done" in text
    assert f"{some[1]}: The event is not paused." in text


def test_an_unknown_act_or_no_event_does_nothing(browser, client, some):
    for fields in ({"act": "dance", "event": some}, {"act": "delete"}):
        assert browser.post("/console/events", **fields).status_code == 303
    assert len(client.get("/events").json) == 3


def test_nobody_acts_out_of_scope(browser_with, client, some):
    browser = browser_with("read_write", "b")
    answer = browser.post("/console/events", act="delete", event=some)
    assert "0 of 3 done" in Page(answer.text).text
    assert len(client.get("/events").json) == 3


def test_many_are_given_tags_and_lose_others(client, an_event, browser):
    ids = [
        client.post("/events", json={**an_event, "tags": tags}).json["id"]
        for tags in (["a", "b"], ["b"], ["c"])
    ]
    browser.get("/console/events")
    page = browser.post("/console/events", act="retag", tags="new one, -b, a", event=ids)
    assert "Retag: 3 of 3 done." in Page(page.text).text
    tags = [client.get(f"/events/{one}").json["tags"] for one in ids]
    assert tags == [["a", "new one"], ["new one", "a"], ["c", "new one", "a"]]
    assert client.get("/audit").json[0]["action"] == "event.update"
    assert browser.post("/console/events", act="retag", tags=" ", event=ids).status_code == 303
    page = browser.post("/console/events", act="retag", tags="x" * 65, event=ids[:1])
    assert "must be 1 to 64 characters long" in Page(page.text).text


def test_a_delete_of_many_is_undone_at_once(browser, client, some):
    page = browser.post("/console/events", act="delete", event=some[:2])
    assert "Delete: 2 of 2 done." in Page(page.text).text
    offered = re.findall(r'type="hidden" name="event" value="([^"]+)"', page.text)
    assert offered == some[:2]
    page = browser.post("/console/events", act="undelete", event=offered)
    assert "Delete undone: 2 of 2 done." in Page(page.text).text
    assert [one["status"] for one in client.get("/events").json] == ["active"] * 3


def test_a_host_or_a_key_is_found_if_that_is_said(browser, client, an_event):
    client.post("/events", json={**an_event, "name": "there", "webhook": "https://there.example/x"})
    client.post("/events", json={**an_event, "name": "keyed", "key": "my-key"})
    for words, name in (("host:there.example", "there"), ("key:my-key", "keyed")):
        text = Page(browser.get(f"/console/events?q={words}").text).text
        assert "1 event for" in text
        assert name in text
    page = browser.get("/console/events?q=host:there.example")
    assert "/console/bulk?of=1&amp;target_host=there.example" in page.text
    text = Page(browser.get("/console/bulk?of=1&target_host=there.example&act=pause").text).text
    assert "that are sent to there.example" in text
    assert "Pause 1 event?" in text
    client.post("/events", json={**an_event, "name": "six", "webhook": "https://[2606:4700::7]/x"})
    assert "six" in Page(browser.get("/console/events?q=host:[2606:4700::7]").text).text
    assert "No event has this key." in Page(browser.get("/console/events?q=key:no").text).text
    assert browser.get("/console/events?q=key:%00").status_code == 200
