"""Tokens: who holds one for what; made and shown once; revoked."""

from __future__ import annotations

import re

import pytest

from tests.console.conftest import Page


def make(browser, **fields):
    browser.get("/console/tokens")
    return browser.post(
        "/console/tokens",
        **{"sub": "ci", "access": "read", "scope": "a, b", "days": "3650"} | fields,
    )


def test_one_is_made_shown_once_and_written_down_without_it(browser, client, anonymous):
    page = make(browser)
    assert page.status_code == 200
    token = re.search(r'id="made"[^>]*>([^<]+)<', page.text)[1]
    answer = anonymous.get("/events", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    (standing,) = client.get("/tokens?sub=ci").json
    assert (standing["access"], standing["scope"]) == ("read", ["a", "b"])
    assert token not in browser.get("/console/tokens").text
    (entry,) = client.get("/audit?action=token.create").json
    assert entry["object"] == standing["jti"]
    assert token not in str(entry)


def test_the_list_says_what_each_may_and_when_it_was_used(browser, client, client_with):
    client_with("read", "billing").get("/events")
    text = Page(browser.get("/console/tokens").text).text
    assert "1 token is valid" in text
    assert "billing" in text
    assert "never" not in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sub": ""}, "sub"),
        ({"scope": ""}, "must name at least one tag"),
        ({"days": "soon"}, "say for how many days"),
        ({"days": "9999"}, "at most ten years"),
        ({"access": "all"}, "access"),
    ],
)
def test_a_wrong_field_keeps_what_was_typed(browser, client, fields, words):
    page = make(browser, **fields)
    assert page.status_code == 400
    assert words in Page(page.text).text
    assert f'value="{fields.get("sub", "ci")}"' in page.text
    assert client.get("/tokens").json == []


def test_one_is_revoked_by_a_button(browser, client, client_with):
    client_with("read", "a")
    (standing,) = client.get("/tokens").json
    page = browser.get("/console/tokens")
    assert f"/console/tokens/{standing['jti']}/revoke" in page.text
    assert browser.post(f"/console/tokens/{standing['jti']}/revoke").status_code == 303
    assert client.get("/tokens").json == []
    assert browser.post(f"/console/tokens/{standing['jti']}/revoke").status_code == 404


def test_one_for_the_feed_alone_is_made(browser, client):
    assert make(browser, access="feed").status_code == 200
    (standing,) = client.get("/tokens").json
    assert (standing["type"], standing["access"]) == ("feed", "read")


def test_one_for_the_metrics_alone_is_made(browser, client):
    assert make(browser, access="metrics", scope="").status_code == 200
    (standing,) = client.get("/tokens").json
    assert (standing["type"], standing["access"], standing["scope"]) == ("metrics", "read", [])


def test_it_is_for_admins(browser_with):
    browser = browser_with("read_write", "a")
    assert browser.get("/console/tokens").status_code == 403
    assert "/console/tokens" not in browser.get("/console/events").text
    for path in ("/console/tokens", "/console/tokens/x/revoke"):
        assert browser.post(path, sub="x").status_code == 403
