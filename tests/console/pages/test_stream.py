"""The stream that tells open pages of changes: for a session, and in the scope of its token."""

from __future__ import annotations

from typing import Any

from werkzeug.test import create_environ

from app.api.routes.changes import STREAM
from app.console.session import COOKIE
from tests.console.conftest import Page


def asked(browser: Any, path: str, method: str = "GET") -> tuple[int, Any]:
    """The status of an answer, and what the server is asked to stream."""
    cookie = browser.client.get_cookie(COOKIE, path="/console/").value
    environ = create_environ(path, method=method, headers={"Cookie": f"{COOKIE}={cookie}"})
    answered: list[Any] = []
    browser.client.application.wsgi_app(environ, lambda *start: answered.extend(start))
    return int(answered[0][:3]), environ.get(STREAM)


def test_a_session_has_the_server_stream_hints_of_its_tags(browser_with):
    status, (bearer, tags, after, only_hints) = asked(
        browser_with("read", "a"), "/console/stream?tags=a,b"
    )
    assert (status, bearer.access.scope, tags, after, only_hints) == (
        200,
        {"a"},
        {"a", "b"},
        None,
        True,
    )
    _, (_, tags, _, _) = asked(browser_with("read", "a"), "/console/stream")
    assert tags == frozenset()
    assert asked(browser_with("read", "a"), "/console/stream", "HEAD") == (200, None)


def test_nobody_else_is_streamed_anything_and_a_page_left_open_asks_no_more(app, browser):
    answer = app.test_client().get("/console/stream")
    assert (answer.status_code, answer.location, answer.data) == (204, None, b"")
    assert browser.get("/console/stream?tags=" + "x" * 65).status_code == 400


def test_pages_say_which_stream_tells_of_their_changes(client, an_event, browser):
    event = client.post("/events", json={**an_event, "tags": ["a", "b"]}).json["id"]
    assert 'data-stream="/console/stream"' in browser.get("/console/").text
    assert 'data-stream="/console/stream?tags=a,b"' in browser.get(f"/console/events/{event}").text
    assert 'data-stream=""' in browser.get("/console/workers").text
    assert Page(browser.get(f"/console/events/{event}").text).refused == []
